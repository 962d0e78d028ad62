"""One process to a name: a lock in the folder of sockets, for as long as its owner lives.

libzmq takes over the socket of whoever is bound already without a word, and leaves that one deaf.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING

from rushes._native import ofd
from rushes.errors import WireError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NameLock"]


class NameLock:
    """Held until :meth:`release`, or the end of this process. WireError when another holds it. A forked child does
    not hold it.
    """

    def __init__(self, path: Path, shown: str) -> None:
        self._path = path
        while True:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            if not ofd.try_take(self._fd, 0):
                os.close(self._fd)
                raise WireError(
                    f"{shown} is in use by another program: end that, or choose another name", endpoint=shown
                )
            # Whoever held it before may have removed the file between our opening and our taking it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(self._fd)):
                    break
            os.close(self._fd)
        held = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forsake(held()))

    def release(self) -> None:
        """Gives it back; may be called again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._path.unlink(missing_ok=True)
            # Whoever was forked meanwhile shares the file description: closing alone would leave it the lock.
            ofd.release(fd, 0)
            os.close(fd)

    def forsake(self) -> None:
        """In a forked child: lets go of the parent's descriptor, which keeps its lock."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _forsake(lock: NameLock | None) -> None:
    if lock is not None:
        lock.forsake()
