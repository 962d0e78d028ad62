"""The last ten minutes of every edge, a point a second (pure but for its lock)."""

from __future__ import annotations

import threading
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.station.board import EdgeState

__all__ = ["POINTS", "Point", "Series", "lost_of"]

POINTS = 600
_MOST_EDGES = 512
_RATE_POINTS = 3
_LATE = "late"


class Point(NamedTuple):
    """The counters of an edge at ``t_s`` seconds. ``lost``: what was dropped for a reason that is not allowed;
    ``late``: for that reason, where it is.
    """

    t_s: float
    offered: int
    delivered: int
    dropped: int
    waiting: int
    lost: int
    late: int = 0


class Series:
    """Takes the counters of all edges once a second. Any thread may call.

    Bounded: ten minutes of 512 edges; an edge that is not seen for ten minutes is forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: dict[str, deque[Point]] = {}
        self._channels: dict[str, str] = {}

    def note(self, edges: Iterable[EdgeState], t_s: float) -> None:
        """The counters of this moment."""
        with self._lock:
            for edge in edges:
                points = self._points.get(edge.name)
                if points is None:
                    if len(self._points) >= _MOST_EDGES:
                        continue
                    points = self._points[edge.name] = deque(maxlen=POINTS + 1)
                    self._channels[edge.name] = edge.channel
                points.append(_point(edge, t_s))
            gone = [name for name, points in self._points.items() if points[-1].t_s < t_s - POINTS]
            for name in gone:
                del self._points[name], self._channels[name]

    def of(self, edge: str) -> list[Point]:
        """All points of one edge, the oldest first. UnknownName when there is none of that name."""
        with self._lock:
            points = self._points.get(edge)
            if points is None:
                raise unknown_name("edge with a history", edge, self._points)
            return list(points)

    def rates(self, edge: str) -> tuple[float, float]:
        """(in, out) frames a second over the last seconds; zeros before there are two points."""
        with self._lock:
            points = list(self._points.get(edge, ()))[-1 - _RATE_POINTS :]
        if len(points) < 2:
            return 0.0, 0.0
        seconds = points[-1].t_s - points[0].t_s
        if seconds <= 0:
            return 0.0, 0.0
        came, went = _grown([each.offered for each in points]), _grown([each.delivered for each in points])
        return came / seconds, went / seconds

    def lost(self) -> int:
        """How many frames all edges have lost within the ten minutes, for reasons that no policy allows."""
        with self._lock:
            return sum(_grown([point.lost for point in points]) for points in self._points.values())

    def late(self) -> dict[str, int]:
        """How many ticks of which channel's source have passed within the ten minutes before it could grab; of those
        where there are any.
        """
        with self._lock:
            grown = {
                name: _grown([point.late for point in points])
                for name, points in self._points.items()
                if points[-1].late
            }
            return {self._channels[name]: count for name, count in grown.items() if count}


def lost_of(edge: EdgeState) -> int:
    """How many frames an edge has dropped for a reason that its policy does not allow."""
    return sum(count for reason, count in edge.dropped.items() if reason not in edge.allowed)


def _point(edge: EdgeState, t_s: float) -> Point:
    late = edge.dropped.get(_LATE, 0) if _LATE in edge.allowed else 0
    dropped = sum(edge.dropped.values())
    return Point(t_s, edge.offered, edge.delivered, dropped, edge.waiting, lost_of(edge), late)


def _grown(counts: list[int]) -> int:
    """By how much a counter grew; what it lost by starting again with a new process is no growth."""
    return sum(max(0, after - before) for before, after in pairwise(counts))
