"""One hub to a folder: a lock that lives as long as the hub or its server does, and says whose it is."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import weakref
from typing import TYPE_CHECKING

from rushes._native import ofd
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FolderLock", "is_free"]

_NAME = "hub.lock"
# A byte far behind the text, which others may read and replace while the lock is held.
_BYTE = 1 << 30
_MOST_TEXT = 4096
_LAST_BREATH_S, _LOOK_S = 3.0, 0.02


class FolderLock:
    """Held until :meth:`release`, or until this process and every server it was handed to have ended.

    ConfigError naming the owner when another hub, in this process or any other, holds it. Where the owner is
    dead and only its server is still being killed, that is waited for. A forked child does not hold it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._fd = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot lock {folder}: {error.strerror}", option="folder") from error
        try:
            self._take(folder)
        except BaseException:  # whatever it was, the descriptor is ours to give back
            self.release()
            raise
        # One hook for each lock, which stays for the process's life: a set of all of them would be module state
        # for the sake of a few hubs.
        held = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forsake(held()))

    @property
    def fd(self) -> int:
        """The descriptor to hand to the server, so that nobody else starts one on the folder while it lives."""
        return self._fd

    def release(self) -> None:
        """Gives it back; may be called again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            # Whoever was forked or started meanwhile shares the file description: closing would leave it the lock.
            ofd.release(fd, _BYTE)
            os.close(fd)

    def _take(self, folder: Path) -> None:
        until_s = time.monotonic() + _LAST_BREATH_S
        while not ofd.try_take(self._fd, _BYTE):
            pid, words = _owner(self._fd)
            if _lives(pid) or time.monotonic() > until_s:
                raise ConfigError(
                    f"{folder} is used by the hub of {words}: join that one, end it, or choose another folder",
                    option="folder",
                )
            time.sleep(_LOOK_S)
        text = json.dumps({"pid": os.getpid(), "command": os.path.basename(sys.argv[0])[:200]})
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def forsake(self) -> None:
        """In a forked child: lets go of the parent's descriptor, which keeps its lock."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def is_free(folder: Path) -> bool:
    """Whether no hub has the ``folder``. Takes nothing, so that a hub that begins there meanwhile is not refused."""
    try:
        fd = os.open(folder / _NAME, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        return not ofd.held_by_other(fd, _BYTE)
    finally:
        os.close(fd)


def _forsake(lock: FolderLock | None) -> None:
    if lock is not None:
        lock.forsake()


def _owner(fd: int) -> tuple[int, str]:
    with contextlib.suppress(ValueError, TypeError, KeyError):  # being written right now
        owner = json.loads(os.pread(fd, _MOST_TEXT, 0))
        return int(owner["pid"]), f"process {int(owner['pid'])} ({owner['command']})"
    return os.getpid(), "another process"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
