"""What waits between a socket that must be drained and readers who may be slow (pure)."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from rushes.errors import ConfigError

__all__ = ["Ring"]

T = TypeVar("T")


class Ring(Generic[T]):
    """Holds at most ``max_items`` and ``max_bytes``; when it is full the newest wins and the oldest are stale.

    offered = taken + stale + waiting after every call. What is larger than ``max_bytes`` alone is never taken.
    Nothing is locked here: the caller does, and so can wake its readers under the same lock.
    """

    def __init__(self, max_items: int, max_bytes: int) -> None:
        if max_items < 1 or max_bytes < 1:
            raise ConfigError(
                f"a ring needs room for at least one item and one byte, not {max_items} and {max_bytes}"
            )
        self._max_items, self._max_bytes = max_items, max_bytes
        self._items: deque[tuple[T, int]] = deque()
        self.bytes = 0
        self.offered = 0
        self.taken = 0
        self.stale = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def waiting(self) -> int:
        """How many are held now."""
        return len(self._items)

    def put(self, item: T, size_bytes: int) -> list[T]:
        """Takes the item; gives back those that had to go, oldest first, the item itself if it is too large."""
        self.offered += 1
        if size_bytes > self._max_bytes:
            self.stale += 1
            return [item]
        gone: list[T] = []
        while len(self._items) >= self._max_items or self.bytes + size_bytes > self._max_bytes:
            gone.append(self._pop())
        self.stale += len(gone)
        self._items.append((item, size_bytes))
        self.bytes += size_bytes
        return gone

    def get(self) -> T | None:
        """The oldest held, or None."""
        if not self._items:
            return None
        self.taken += 1
        return self._pop()

    def newest(self) -> tuple[T | None, list[T]]:
        """The newest held, or None, and those before it, which are stale now."""
        gone = self._skim(keep=1)
        return self.get(), gone

    def clear(self) -> list[T]:
        """Empties the ring; all that was held is given back and counted as stale."""
        return self._skim(keep=0)

    def _skim(self, keep: int) -> list[T]:
        gone = [self._pop() for _ in range(len(self._items) - keep)]
        self.stale += len(gone)
        return gone

    def _pop(self) -> T:
        item, size = self._items.popleft()
        self.bytes -= size
        return item
