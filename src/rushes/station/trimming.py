"""Giving back to the system what the allocator of a long-lived process holds on to.

Pictures of megabytes beside rows of a few bytes leave its heaps full of holes: of 70 MB that a recorder held after
eight minutes 39 were free, and it grew by four a minute. To hand the holes back takes a millisecond. Having each
picture mapped for itself (a fixed ``MALLOC_MMAP_THRESHOLD_``) was rejected: that is a thousand page faults a picture.
"""

from __future__ import annotations

import ctypes
import threading

from rushes.clock import SYSTEM

__all__ = ["give_back", "keep_trim"]

_EVERY_S = 30.0


def give_back() -> bool:
    """Whether something was given back; never with an allocator that cannot (musl's does so by itself)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return bool(trim(0))


def keep_trim(every_s: float = _EVERY_S) -> None:
    """Gives back every ``every_s`` on a thread of its own, for as long as this process lives."""

    def work() -> None:
        while True:
            SYSTEM.sleep(every_s)
            give_back()

    threading.Thread(target=work, name="trimming", daemon=True).start()
