"""Up to where the frames of a queue are retired: one number that all its processes share.

A small depot of marks beside the one of frames holds it. An acknowledgement of a consumer cannot: it goes with
the process that gave it, and what was fetched would be there again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from rushes.depot import list_depots

if TYPE_CHECKING:
    from rushes.depot import Depot

__all__ = ["MARKS", "MARK_BYTES", "Retired"]

MARKS = 65
"""Slots of the depot of marks: one more than handles it can have. Each leases one mark at most, so that a new
one always finds room.
"""
MARK_BYTES = 16


class Retired:
    """The sequence up to which the frames of ``frames`` are retired, -1 when none is.

    It is the highest of the ``marks``. A mark tells of which depot it speaks by that one's time of creation,
    since one that is just ending may overlap with its successor of the same name. May be used from any
    thread.
    """

    def __init__(self, marks: Depot, frames: Depot) -> None:
        self._marks = marks
        self._seen = -1
        self._upto = -1
        self._lock = threading.Lock()
        created = {each.name: each.created_ns for each in list_depots()}
        self._of = created[frames.name]
        # The marks are made first, so older frames are of a queue that ended, kept by programs that look at
        # them.
        if marks.head < 0 and self._of < created[marks.name]:
            self._mark(frames.head)

    def upto(self) -> int:
        """What it is now."""
        with self._lock:
            return self._read()

    def raise_to(self, sequence: int) -> None:
        """Retire the frames up to ``sequence``; it never goes back."""
        # Two processes may write at once, and the lower mark may come last: readers take the highest.
        with self._lock:
            if sequence > self._read():
                self._mark(sequence)

    def _mark(self, sequence: int) -> None:
        self._marks.put(np.array([self._of, sequence], np.int64))

    def _read(self) -> int:
        while self._seen < self._marks.head:
            lease = self._marks.next(self._seen, timeout_s=0)
            if lease is None:
                break
            with lease:
                self._seen = lease.sequence
                of, upto = lease.array.tolist()
            if of == self._of:
                self._upto = max(self._upto, upto)
        return self._upto
