"""What the pure twin asks of the operating system: a robust mutex, proof of life, and dying on purpose.

The mutex is an open-file-description lock too: the kernel drops it when its owner dies, which no other lock
that Python can reach promises across processes.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys
from typing import TYPE_CHECKING

from rushes._native import layout, ofd
from rushes.errors import DepotError

if TYPE_CHECKING:
    from rushes._native.layout import Geometry

# struct flock of 64-bit Linux: type, whence, (padding), start, length, pid, (padding).
_MUTEX = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, layout.MUTEX, 1, 0)


def require() -> None:
    """Raises DepotError where the twin cannot run: it needs 64-bit Linux."""
    if not hasattr(fcntl, "F_OFD_SETLKW") or sys.maxsize < 1 << 32:
        raise DepotError("the pure depot core needs 64-bit Linux: no open-file-description locks here")


def lock(fd: int) -> None:
    """Take the segment's mutex, waiting for it."""
    fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, _MUTEX)


def unlock(fd: int) -> None:
    """Give the mutex back."""
    ofd.release(fd, layout.MUTEX)


def life_byte(geometry: Geometry, row: int) -> int:
    """The byte whose lock proves that the participant of ``row`` lives."""
    return geometry.participants_off + row * layout.RECORD


def start_time() -> int:
    """When this process began, in the kernel's clock ticks since boot; 0 where that cannot be read."""
    try:
        with open("/proc/self/stat", "rb") as stat:
            # The command name may hold spaces and brackets: count the fields after its last bracket.
            return int(stat.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


_armed = 0


def arm(point: int) -> None:
    """Choose the fault point (from 1, in the order of core.FAULTS; 0: none) where this process shall die."""
    global _armed
    _armed = point


def passing(point: int) -> None:
    """Die here, without any clean-up, when this point is the armed one."""
    if point == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
