"""The ledgers of the web process itself, beside those on the station's board; and how old pictures are on glass."""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushes.station.board import EdgeState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.metrics import Edge, EdgeStats

__all__ = ["GLASS_BOUNDS_S", "Edges", "Glass", "GlassCount"]

GLASS_BOUNDS_S = (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16, 0.25, 0.35, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds of the classes of the histogram: close together where a person begins to notice."""


@dataclass(frozen=True, slots=True)
class _Known:
    edge: Edge
    source: str
    target: str
    channel: str
    allowed: tuple[str, ...]


class Edges:
    """What parts of the web process count. Any thread may call.

    A viewer comes and goes, its counters must not: keep one edge for all viewers of a rendition or a channel, so
    that the totals never go back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def add(
        self, edge: Edge, *, source: str, target: str, channel: str = "", allowed: Sequence[str] = ()
    ) -> None:
        """Has ``edge`` shown from now on, under its name, from ``source`` to ``target``. An equal name is replaced."""
        with self._lock:
            self._known[edge.name] = _Known(edge, source, target, channel, tuple(allowed))

    def remove(self, name: str) -> None:
        """Shows the edge of that name no more. Unknown names are let pass."""
        with self._lock:
            self._known.pop(name, None)

    def get(self, name: str) -> Edge | None:
        """The edge of that name."""
        known = self._known.get(name)
        return None if known is None else known.edge

    def states(self) -> list[EdgeState]:
        """All of them at this moment, in the form of the board."""
        with self._lock:
            known = list(self._known.values())
        return [
            _edge_state(each.edge.stats(), each.source, each.target, each.channel, each.allowed)
            for each in known
        ]


def _edge_state(
    stats: EdgeStats, source: str, target: str, channel: str = "", allowed: tuple[str, ...] = ()
) -> EdgeState:
    """A ledger in the form of the board."""
    return EdgeState(
        name=stats.name,
        source=source,
        target=target,
        channel=channel,
        offered=stats.offered,
        delivered=stats.delivered,
        dropped=dict(stats.dropped),
        waiting=stats.waiting,
        limit=stats.limit,
        allowed=allowed,
    )


@dataclass(frozen=True, slots=True)
class GlassCount:
    """How many pictures of a channel were how old when a viewer drew them.

    ``counts`` per class of :data:`GLASS_BOUNDS_S`, the last one for what is older than all; not summed up.
    """

    channel: str
    counts: tuple[int, ...]
    sum_s: float


class Glass:
    """The age of each picture at the moment a viewer drew it, as a histogram per channel. Any thread may mark."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def mark(self, channel: str, seconds: float) -> None:
        """One picture of ``channel`` was drawn ``seconds`` after it was captured; below zero counts as zero."""
        age_s = max(0.0, seconds)
        place = bisect.bisect_left(GLASS_BOUNDS_S, age_s)
        with self._lock:
            counts = self._counts.setdefault(channel, [0] * (len(GLASS_BOUNDS_S) + 1))
            counts[place] += 1
            self._sums[channel] = self._sums.get(channel, 0.0) + age_s

    def counts(self) -> list[GlassCount]:
        """All channels that were ever drawn."""
        with self._lock:
            return [
                GlassCount(channel, tuple(counts), self._sums[channel])
                for channel, counts in self._counts.items()
            ]
