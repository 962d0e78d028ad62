"""A named block of shared memory as the standard library's class of that name finds it.

The file is opened here and not by that class, whose tracker (until Python 3.13) removes a block as soon as
any process that merely attached ends, and complains of it. Other programs still use that class, so its
tracker is kept from doing so wherever this process can: there is one for a process and all its children.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import DepotError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SharedBlock"]

_BLOCKS = Path("/dev/shm")  # where multiprocessing.shared_memory looks for a block of a given name


class SharedBlock:
    """The named block of shared memory that holds the frame asked for last.

    Other programs open it with ``multiprocessing.shared_memory.SharedMemory(name)``; that must be at least
    ``size`` bytes, so a larger one left by a killed process is used as it is and a smaller one grown.
    """

    def __init__(self, name: str, size: int) -> None:
        self._path = _BLOCKS / name
        self._size = size
        self._lock = threading.Lock()  # a descriptor closed during a write could by then be another file's
        self._fd = -1

    def open(self) -> None:
        """Find or make the block. Raises DepotError when it cannot be had."""
        self._fd = self._open()
        # A child that opens the block starts a tracker of its own unless it finds this one, and its own would
        # remove the block with the child.
        resource_tracker.ensure_running()

    def show(self, frame: NDArray[np.uint8]) -> None:
        """Copy a contiguous frame in. Does nothing before :meth:`open` and after :meth:`leave`."""
        with self._lock:
            if self._fd < 0:
                return
            if not self._is_named():  # a reader's tracker removed it, or the process that made it left
                left, self._fd = self._fd, -1
                os.close(left)
                self._fd = self._open()
            os.pwrite(self._fd, frame.data, 0)

    def leave(self, *, last: bool) -> None:
        """Let go of the block and, as the last one, remove its name."""
        with self._lock:
            if self._fd < 0:
                return
            if last and self._is_named():
                self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1
        self._untrack()

    def _untrack(self) -> None:
        """Have this process's tracker forget the block, so that it neither removes it nor complains."""
        name = self._path.name
        if not name.isascii() or not name.isprintable() or ":" in name:
            return  # the tracker cannot be told of such names, and the class above cannot open them
        # Whoever opened the block here or in a child has registered it, and closing it does not unregister.
        # The tracker keeps a set and fails over a name that is not in it: hence in first, then out.
        for tell in (resource_tracker.register, resource_tracker.unregister):
            tell(f"/{name}", "shared_memory")

    def _open(self) -> int:
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DepotError(f"cannot open the shared block {self._path}: {error.strerror}") from error
        before = os.fstat(fd).st_size
        try:
            if before < self._size:
                # Not ftruncate: it promises no memory, and who writes where there is none is killed.
                os.posix_fallocate(fd, 0, self._size)
        except OSError as error:
            if not before:
                self._path.unlink(missing_ok=True)
            os.close(fd)
            raise DepotError(
                f"the shared block {self._path} of {self._size} bytes: {error.strerror}"
            ) from error
        return fd

    def _is_named(self) -> bool:
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(self._fd))
        except FileNotFoundError:
            return False
