"""What waits between a thread that takes things in and those that work on them, bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, Protocol, TypeVar

__all__ = ["ByteQueue", "Counts"]

T = TypeVar("T")


class Counts(Protocol):
    """Who keeps count of what came and what was given up."""

    def offer(self) -> object:
        """One came, and waits."""
        ...

    def drop(self, reason: str, /) -> object:
        """One of those that waited was given up."""
        ...


class ByteQueue(Generic[T]):
    """Holds at most ``limit`` bytes, those being worked on included; the newest is dropped when full.

    One that alone is larger than the limit is never taken. Any thread.
    """

    def __init__(self, limit: int, counts: Counts) -> None:
        self._limit, self._counts = limit, counts
        self._ready = threading.Condition()
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._taken = 0
        self._closed = False

    @property
    def bytes(self) -> int:
        """The bytes held now."""
        return self._bytes

    @property
    def finished(self) -> bool:
        """Whether it is closed and empty."""
        with self._ready:
            return self._closed and not self._items

    def put(self, item: T, size: int, refused: str = "") -> bool:
        """Counts the item and takes it, or drops it as ``refused`` or "memory". False, uncounted: closed."""
        with self._ready:
            if self._closed:
                return False
            self._counts.offer()
            # Counting inside the lock: a close() that comes between would miss the item in a summary.
            if refused or self._bytes + size > self._limit:
                self._counts.drop(refused or "memory")
                return True
            self._bytes += size
            self._items.append((item, size))
            self._ready.notify()
            return True

    def get(self, timeout_s: float | None = None) -> tuple[int, T] | None:
        """(how many were taken before, the oldest), waited for; None when it is :attr:`finished`, or nothing
        came in time. Give its room back by :meth:`done`.
        """
        with self._ready:
            self._ready.wait_for(lambda: self._items or self._closed, timeout_s)
            if not self._items:
                return None
            turn, self._taken = self._taken, self._taken + 1
            return turn, self._items.popleft()[0]

    def done(self, size: int) -> None:
        """Gives the room of one item back."""
        with self._ready:
            self._bytes -= size

    def close(self, drop: str = "") -> None:
        """Takes no more; with ``drop`` what waits is dropped for that reason, else it can still be had."""
        with self._ready:
            self._closed = True
            while drop and self._items:
                self._bytes -= self._items.popleft()[1]
                self._counts.drop(drop)
            self._ready.notify_all()
