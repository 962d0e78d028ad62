"""What is to happen at a moment to come, the soonest first (pure)."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from typing import Any

__all__ = ["AGE", "DEADLINE", "REFILL", "RETRY", "TIMEOUT", "Timers"]

TIMEOUT, DEADLINE, RETRY, REFILL, AGE = range(5)


class Timers:
    """A heap of (moment, count, kind, whom, attempt). Whoever takes one out checks that it still holds.

    Taken-back timers stay until they are the soonest or outnumber the others; ``alive`` tells which those are.
    """

    __slots__ = ("_count", "_crowd", "changed", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, int, Any, int]] = []
        self.changed = False
        self._count = 0
        self._crowd = 64

    def add(self, due: float, kind: int, whom: Any, attempt: int = 0) -> None:
        """``changed`` is set when this one is now the soonest."""
        self._count += 1
        item = (due, self._count, kind, whom, attempt)
        if len(self.heap) >= self._crowd:
            self._sweep()
        heappush(self.heap, item)
        if self.heap[0] is item:
            self.changed = True

    @property
    def soonest(self) -> float:
        """The moment of the next one that still holds; infinite when there is none."""
        heap = self.heap
        while heap and not alive(heap[0]):
            heappop(heap)
        return heap[0][0] if heap else math.inf

    def due(self, now: float) -> tuple[int, Any] | None:
        """(kind, whom) of one whose time has come and that still holds, or None."""
        if self.soonest > now:
            return None
        _, _, kind, whom, _ = heappop(self.heap)
        return kind, whom

    def clear(self) -> None:
        """Forgets all."""
        self.heap.clear()

    def _sweep(self) -> None:
        # Swept when twice as long as what was left by the last sweep, so that each timer is looked at about
        # twice, however many are taken back.
        self.heap = [item for item in self.heap if alive(item)]
        heapify(self.heap)
        self._crowd = max(64, 2 * len(self.heap))


def alive(item: tuple[float, int, int, Any, int]) -> bool:
    """Whether what the timer was set for has not happened another way."""
    _, _, kind, whom, attempt = item
    if kind == DEADLINE:
        return whom.ended is None
    if kind == REFILL:
        return True  # its limit counts on it, whoever waits there by then
    return bool(whom.attempt == attempt and whom.state == ("running" if kind == TIMEOUT else "in_queue"))
