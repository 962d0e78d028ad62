"""One writer: a lock that dies with its owner, and says who that is."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rushes._native import ofd
from rushes.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WriterLock", "writer_lives"]

NAME = "writer.lock"
# A byte far behind the text, which others may read and replace while the lock is held.
_BYTE = 1 << 30
_MOST_TEXT = 4096


class WriterLock:
    """Held from here to :meth:`release`, or to the end of the process, however it ends.

    Raises ArchiveError naming the owner when another archive object, in this process or any other, holds it.
    A forked child does not hold it.
    """

    def __init__(self, folder: Path) -> None:
        self._fd: int | None = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not ofd.try_take(self._fd, _BYTE):
                raise ArchiveError(
                    f'{folder} is being written by {_owner(self._fd)}; open it with mode="r", or end that first'
                )
            _sign(self._fd)
        except BaseException:  # whatever it was, the descriptor is ours to give back
            self.release()
            raise
        _HELD.add(self)

    def release(self) -> None:
        """Gives it back; may be called again."""
        fd, self._fd = self._fd, None
        if fd is not None:
            # A child that was forked shares the file description: closing alone would leave it the lock.
            ofd.release(fd, _BYTE)
            os.close(fd)

    def forsake(self) -> None:
        """In a forked child: lets go of the parent's descriptor, which keeps its lock."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def writer_lives(folder: Path) -> bool:
    """Whether somebody holds the archive for writing now."""
    try:
        fd = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return ofd.held_by_other(fd, _BYTE)
    finally:
        os.close(fd)


def _sign(fd: int) -> None:
    owner = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": _command(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps(owner).encode(), 0)


def _command() -> str:
    # The verb says more than the path that the interpreter was started with.
    verbs = [word for word in sys.argv[1:2] if os.sep not in word]
    return " ".join([os.path.basename(sys.argv[0]), *verbs])[:200]


def _owner(fd: int) -> str:
    with contextlib.suppress(ValueError, TypeError, KeyError):  # being signed right now
        owner = json.loads(os.pread(fd, _MOST_TEXT, 0))
        here = "" if owner["host"] == socket.gethostname() else f" on {owner['host']}"
        return f"process {owner['pid']}{here} ({owner['command']}) since {owner['since']}"
    return "another process"


_HELD: weakref.WeakSet[WriterLock] = weakref.WeakSet()
"""Module state, because fork hooks belong to the process and cannot be handed an object."""


def _forked() -> None:
    for lock in list(_HELD):
        lock.forsake()


os.register_at_fork(after_in_child=_forked)
