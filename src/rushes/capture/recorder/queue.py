"""Frames between intake and writers, bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rushes.capture.recorder.ledger import Ledger
    from rushes.frame import Frame

__all__ = ["ByteQueue"]


class ByteQueue:
    """Holds at most ``limit`` bytes of pixels, those being written included; the newest is dropped when full."""

    def __init__(self, limit: int, ledger: Ledger) -> None:
        self._limit, self._ledger = limit, ledger
        self._ready = threading.Condition()
        self._frames: deque[tuple[int, Frame]] = deque()
        self._bytes = 0
        self._taken = 0
        self._closed = False

    @property
    def bytes(self) -> int:
        """The bytes held now."""
        return self._bytes

    def put(self, number: int, frame: Frame, refused: str = "") -> bool:
        """Counts the frame and takes it, or drops it as ``refused`` or "memory". False, uncounted: closed."""
        with self._ready:
            if self._closed:
                return False
            self._ledger.offer()
            size = frame.array.nbytes
            # Counting inside the lock: a close() that comes between would miss the frame in the summary.
            if refused or self._bytes + size > self._limit:
                self._ledger.drop(refused or "memory")
                return True
            self._bytes += size
            self._frames.append((number, frame))
            self._ready.notify()
            return True

    def get(self) -> tuple[int, int, Frame] | None:
        """(how many were taken before, the number, the frame) of the oldest, waited for; None: closed and empty.

        Give its room back by :meth:`done`.
        """
        with self._ready:
            while not self._frames and not self._closed:
                self._ready.wait()
            if not self._frames:
                return None
            turn, self._taken = self._taken, self._taken + 1
            return turn, *self._frames.popleft()

    def done(self, frame: Frame) -> None:
        """Gives the frame's room back."""
        with self._ready:
            self._bytes -= frame.array.nbytes

    def close(self, drop: str = "") -> None:
        """Takes no more; with ``drop`` what waits is dropped for that reason, else it can still be had."""
        with self._ready:
            self._closed = True
            while drop and self._frames:
                self._bytes -= self._frames.popleft()[1].array.nbytes
                self._ledger.drop(drop)
            self._ready.notify_all()
