"""Items of several streams put into one order in time, each held back for a while so that others can come (pure)."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from rushes.errors import ConfigError
from rushes.metrics import EdgeStats

__all__ = ["Merge"]

_SECOND_NS = 1_000_000_000
_SMALLEST_GRACE_NS = _SECOND_NS // 4


@dataclass(slots=True)
class _Held:
    moment: float
    item: Any
    size_bytes: int
    due_ns: int


@dataclass(slots=True)
class _Lane:
    """What is held of one stream, in the order in which it came, and what became of all of it."""

    live: bool
    held: OrderedDict[int, _Held] = field(default_factory=OrderedDict)
    bytes: int = 0
    offered: int = 0
    delivered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class Merge:
    """Holds each item for ``hold_ns`` after it came, then releases it behind all that are older than it.

    ``names`` says of each stream whether it is live. A live one keeps its newest: at most ``max_items`` and
    ``max_bytes`` are held of it, and when nobody takes what is due for another ``hold_ns`` (a quarter of a second at
    least), only the newest of those is kept; the others are dropped as "stale". One that is not live is to be asked
    only while there is :meth:`room`, and loses nothing.

    What is older than the last one released is dropped as "late". If nothing else comes for ``hold_ns`` and one
    second more, the senders' clock was set back, and the order begins anew.
    """

    def __init__(
        self,
        names: dict[str, bool],
        hold_ns: int,
        *,
        max_items: int = 256,
        max_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        if hold_ns < 0 or max_items < 1 or max_bytes < 1:
            raise ConfigError(
                "hold_ns must be at least 0, max_items and max_bytes at least 1, not"
                f" {hold_ns}, {max_items} and {max_bytes}"
            )
        self._hold_ns, self._max_items, self._max_bytes = hold_ns, max_items, max_bytes
        self._grace_ns = max(hold_ns, _SMALLEST_GRACE_NS)
        self._lanes = {name: _Lane(live) for name, live in names.items()}
        self._order: list[tuple[float, int, str]] = []
        self._count = 0
        self._upto = self._last = -math.inf
        self._late_since_ns: int | None = None

    @property
    def due_ns(self) -> int | None:
        """When the next one is due; None when none is held."""
        oldest = (next(iter(lane.held.values())).due_ns for lane in self._lanes.values() if lane.held)
        return min(oldest, default=None)

    def room(self, name: str) -> bool:
        """Whether the stream can be given one more without losing one."""
        lane = self._lanes[name]
        return len(lane.held) < self._max_items and lane.bytes < self._max_bytes

    def hurry(self, name: str) -> None:
        """Counts the oldest held of that stream as due, so that there is room again."""
        held = self._lanes[name].held
        if held:
            self._upto = max(self._upto, next(iter(held.values())).moment)

    def put(self, name: str, moment: float, item: Any, size_bytes: int, now_ns: int) -> bool:
        """Takes the item, which is of that ``moment``; False when it is late and was dropped."""
        lane = self._lanes[name]
        lane.offered += 1
        if moment < self._last and not self._set_back(now_ns):
            _drop(lane, "late")
            return False
        self._late_since_ns = None
        while lane.live and lane.held and not self._fits(lane, size_bytes):
            self._discard(name, lane, next(iter(lane.held)))
        self._count += 1
        lane.held[self._count] = _Held(moment, item, size_bytes, now_ns + self._hold_ns)
        lane.bytes += size_bytes
        # The count keeps those of one moment in the order in which they came, and items from being compared.
        insort(self._order, (moment, self._count, name))
        return True

    def take(self, now_ns: int) -> tuple[str, Any] | None:
        """The oldest of what may go at ``now_ns``, with the name of its stream; None when all of it must wait."""
        for name, lane in self._lanes.items():
            self._look_over(name, lane, now_ns)
        if not self._order or self._order[0][0] > self._upto:
            return None
        moment, key, name = self._order.pop(0)
        self._last = moment
        lane = self._lanes[name]
        held = lane.held.pop(key)
        lane.bytes -= held.size_bytes
        lane.delivered += 1
        return name, held.item

    def flush(self) -> None:
        """Nothing more will come, so nothing need wait: all that is held is due."""
        self._upto = math.inf

    def clear(self) -> None:
        """Drops what is held, as "closed"."""
        for lane in self._lanes.values():
            _drop(lane, "closed", len(lane.held))
            lane.held.clear()
            lane.bytes = 0
        self._order.clear()

    def stats(self) -> dict[str, EdgeStats]:
        """By stream: offered = delivered + dropped ("late", "stale", "closed") + waiting."""
        return {
            name: EdgeStats(
                name, lane.offered, lane.delivered, dict(lane.dropped), len(lane.held), self._max_items
            )
            for name, lane in self._lanes.items()
        }

    def _fits(self, lane: _Lane, size_bytes: int) -> bool:
        return len(lane.held) < self._max_items and lane.bytes + size_bytes <= self._max_bytes

    def _look_over(self, name: str, lane: _Lane, now_ns: int) -> None:
        overdue: list[int] = []
        for key, held in lane.held.items():
            if held.due_ns > now_ns:
                break
            self._upto = max(self._upto, held.moment)
            if held.due_ns + self._grace_ns <= now_ns:
                overdue.append(key)
        if lane.live:
            for key in overdue[:-1]:
                self._discard(name, lane, key)

    def _discard(self, name: str, lane: _Lane, key: int) -> None:
        held = lane.held.pop(key)
        lane.bytes -= held.size_bytes
        del self._order[bisect_left(self._order, (held.moment, key, name))]
        _drop(lane, "stale")

    def _set_back(self, now_ns: int) -> bool:
        if self._late_since_ns is None:
            self._late_since_ns = now_ns
        if now_ns - self._late_since_ns <= self._hold_ns + _SECOND_NS:
            return False
        self._upto = self._last = -math.inf
        return True


def _drop(lane: _Lane, reason: str, count: int = 1) -> None:
    if count:
        lane.dropped[reason] = lane.dropped.get(reason, 0) + count
