"""Results kept in memory, bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM, Clock
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["CacheStats", "MemoryCache"]


@dataclass(frozen=True, slots=True)
class CacheStats:
    """A cache's ledger: asked = hits + misses; stored = held + evicted + expired + removed."""

    hits: int = 0
    misses: int = 0
    stored: int = 0
    held: int = 0
    evicted: int = 0
    expired: int = 0
    removed: int = 0
    refused: int = 0
    bytes: int = 0
    max_bytes: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds; False would be a bug of the cache."""
        return self.stored == self.held + self.evicted + self.expired + self.removed


class MemoryCache:
    """The results used last, up to ``max_bytes``. Any thread may call.

    One entry takes at most ``share`` of that: a single poster must not throw all tiles out. ``max_bytes`` 0
    keeps nothing.
    """

    def __init__(self, max_bytes: int, *, share: float = 0.25, clock: Clock = SYSTEM) -> None:
        if max_bytes < 0 or not 0 < share <= 1:
            raise ConfigError(
                f"max_bytes is {max_bytes}, share {share}; give at least 0, and above 0 up to 1"
            )
        self.max_bytes = max_bytes
        self._largest = int(max_bytes * share)
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int, int, float]] = OrderedDict()
        self._bytes = 0
        self._counts = dict.fromkeys(
            ("hits", "misses", "stored", "evicted", "expired", "removed", "refused"), 0
        )

    def get(self, key: Hashable, default: Any = None, *, max_age_s: float | None = None) -> Any:
        """What was kept under ``key``, unless it is older than ``max_age_s`` or than its own time to live."""
        now = self._clock.monotonic_ns()
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._counts["misses"] += 1
                return default
            value, _, born, until = entry
            if now >= until:
                self._drop(key, "expired")
            if now >= until or (max_age_s is not None and now - born > max_age_s * 1e9):
                self._counts["misses"] += 1
                return default
            self._entries.move_to_end(key)
            self._counts["hits"] += 1
            return value

    def put(self, key: Hashable, value: Any, *, weight: int, ttl_s: float | None = None) -> bool:
        """Keeps ``value``, of ``weight`` bytes, for ``ttl_s`` seconds at most (None: no end).

        The least recently used ones go for it; False when it is too large to be kept.
        """
        now = self._clock.monotonic_ns()
        until = float("inf") if ttl_s is None else now + ttl_s * 1e9
        with self._lock:
            if key in self._entries:
                self._drop(key, "removed")
            if weight > self._largest:
                self._counts["refused"] += 1
                return False
            self._entries[key] = (value, weight, now, until)
            self._bytes += weight
            self._counts["stored"] += 1
            while self._bytes > self.max_bytes:
                self._drop(next(iter(self._entries)), "evicted")
        return True

    def remove(self, key: Hashable) -> bool:
        """Forgets one; whether it was there."""
        with self._lock:
            return self._drop(key, "removed")

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            for key in list(self._entries):
                self._drop(key, "removed")

    def stats(self) -> CacheStats:
        """All counts at one moment."""
        with self._lock:
            return CacheStats(
                **self._counts, held=len(self._entries), bytes=self._bytes, max_bytes=self.max_bytes
            )

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _drop(self, key: Hashable, why: str) -> bool:
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._bytes -= entry[1]
        self._counts[why] += 1
        return True
