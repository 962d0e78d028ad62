"""Open-file-description locks on single bytes: the proof that a participant lives.

The kernel drops them at SIGKILL, before the parent reaps, and closing another descriptor of the same file does not
touch them, which it would with classic record locks. Linux only, which is where depots run.
"""

from __future__ import annotations

import errno
import fcntl
import struct

__all__ = ["held_by_other", "release", "try_take"]

# struct flock of 64-bit Linux: type, whence, (padding), start, length, pid, (padding). pid must be 0 for these locks.
_FLOCK = struct.Struct("hhqqi4x")


def _byte(kind: int, offset: int) -> bytes:
    return _FLOCK.pack(kind, 0, offset, 1, 0)


def try_take(fd: int, offset: int) -> bool:
    """Take the lock on one byte for this file description; False when another description has it."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _byte(fcntl.F_WRLCK, offset))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def release(fd: int, offset: int) -> None:
    """Give the byte back; nothing happens when it was not taken."""
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _byte(fcntl.F_UNLCK, offset))


def held_by_other(fd: int, offset: int) -> bool:
    """True when some other file description, in this process or another, holds the byte."""
    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _byte(fcntl.F_WRLCK, offset))
    kind: int = _FLOCK.unpack(answer)[0]
    return kind != fcntl.F_UNLCK
