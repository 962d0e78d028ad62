"""Counting what passes an edge, so that nothing is lost silently.

At every edge (source to depot, depot to consumer, a queue, the wire, the recorder, a viewer), at every
moment::

    offered = delivered + sum(dropped by reason) + waiting

The three outcomes are counted where they happen and under one lock, so no reader ever sees a frame in none
of them or in two. ``waiting`` is what has no outcome yet; an owner who can count what lies in its queue
hands that count in, and then :attr:`EdgeStats.adds_up` compares two independent figures.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Edge", "EdgeStats", "LatencyMarks", "LatencySummary", "ledger_table"]


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """What passed one edge up to one moment.

    ``limit`` is how much may wait, None for an edge without a queue.
    """

    name: str
    offered: int = 0
    delivered: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    limit: int | None = None

    @property
    def dropped_total(self) -> int:
        """All drops, whatever the reason."""
        return sum(self.dropped.values())

    @property
    def adds_up(self) -> bool:
        """Whether the invariant above holds and nothing was delivered or dropped that was never offered."""
        return self.waiting >= 0 and self.offered == self.delivered + self.dropped_total + self.waiting


class Edge:
    """The counters of one edge. Any thread may count; each call costs well under a microsecond."""

    __slots__ = ("_delivered", "_dropped", "_lock", "_offered", "limit", "name")

    def __init__(self, name: str, *, limit: int | None = None) -> None:
        self.name = name
        self.limit = limit
        self._lock = threading.Lock()
        self._offered = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}

    def offer(self, count: int = 1) -> None:
        """``count`` items came to the edge; they wait until delivered or dropped."""
        with self._lock:
            self._offered += count

    def deliver(self, count: int = 1) -> None:
        """``count`` of those offered reached the other side."""
        with self._lock:
            self._delivered += count

    def drop(self, reason: str, count: int = 1) -> None:
        """``count`` of those offered never will; ``reason`` is a short fixed phrase, as each is a counter."""
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + count

    def stats(self, *, waiting: int | None = None) -> EdgeStats:
        """All counters at one moment.

        ``waiting``: what the owner counts in its queue; None: what has no outcome yet.

        An owner that counts does both, the counting and this call, under the lock of its queue; else the
        two figures are of different moments.
        """
        with self._lock:
            offered, delivered, dropped = self._offered, self._delivered, dict(self._dropped)
        open_ended = offered - delivered - sum(dropped.values())
        return EdgeStats(
            self.name, offered, delivered, dropped, open_ended if waiting is None else waiting, self.limit
        )


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Seconds; ``count`` is of all values ever marked, the rest of the newest ones only.

    All zero before the first.
    """

    count: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class LatencyMarks:
    """The newest ``keep`` durations in seconds and their percentiles, in bounded memory.

    Any thread may mark.
    """

    __slots__ = ("_count", "_lock", "_newest")

    # 1000 are the fewest whose p99 rests on ten values rather than on the one or two slowest.
    def __init__(self, keep: int = 1000) -> None:
        self._lock = threading.Lock()
        self._newest: deque[float] = deque(maxlen=keep)
        self._count = 0

    def mark(self, seconds: float) -> None:
        """Remembers one duration; the oldest beyond ``keep`` is forgotten."""
        with self._lock:
            self._newest.append(seconds)
            self._count += 1

    def summary(self) -> LatencySummary:
        """The percentiles by nearest rank: each is a value that really occurred."""
        with self._lock:
            values, count = list(self._newest), self._count
        if not values:
            return LatencySummary()
        values.sort()
        return LatencySummary(count, _rank(values, 50), _rank(values, 95), _rank(values, 99), values[-1])


def _rank(ordered: list[float], percent: int) -> float:
    # Whole-number arithmetic: 0.95 * 20 is a little over 19 in floats, and its ceiling would be the wrong
    # rank.
    return ordered[-(-percent * len(ordered) // 100) - 1]


def ledger_table(edges: Iterable[EdgeStats]) -> list[tuple[str, ...]]:
    """Rows for printing, the headings first, then one for each edge with its reasons for drops."""
    rows: list[tuple[str, ...]] = [("edge", "offered", "delivered", "dropped", "waiting", "adds up")]
    for edge in edges:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(edge.dropped.items()))
        dropped = f"{edge.dropped_total} ({reasons})" if reasons else "0"
        waiting = str(edge.waiting) if edge.limit is None else f"{edge.waiting} of {edge.limit}"
        adds_up = "yes" if edge.adds_up else "NO"
        rows.append((edge.name, str(edge.offered), str(edge.delivered), dropped, waiting, adds_up))
    return rows
