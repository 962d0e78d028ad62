"""Which process somebody is, so that its end is seen at once: a number alone may be another's by now."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import NamedTuple

__all__ = ["Mark", "lives", "own_mark", "watch"]


class Mark(NamedTuple):
    """A process: its number, when it began in ticks since the machine did, and in which space of numbers."""

    pid: int
    born: int
    space: int


def own_mark() -> Mark:
    """This process's."""
    pid = os.getpid()
    return Mark(pid, _born(pid), _space())


def watch(mark: Mark) -> int | None:
    """A descriptor that becomes readable when the process ends. None where it cannot be watched, as it is in another
    container; ProcessLookupError when it has ended already.
    """
    if mark.space != _space():
        return None
    try:
        fd = os.pidfd_open(mark.pid)
    except (OverflowError, ValueError) as error:
        raise ProcessLookupError(mark.pid) from error
    except ProcessLookupError:
        raise
    except OSError:
        return None  # an old kernel, or no descriptor left: then its silence must do
    if _born(mark.pid) == mark.born:
        return fd
    os.close(fd)
    raise ProcessLookupError(mark.pid)


def lives(mark: Mark) -> bool | None:
    """Whether it has not ended; None where that cannot be known."""
    try:
        fd = watch(mark)
    except ProcessLookupError:
        return False
    if fd is None:
        return None
    try:
        # One that was killed, and that its parent has not asked after, is still to be found.
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return not poll.poll(0)
    finally:
        os.close(fd)


def _born(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0


def _space() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0
