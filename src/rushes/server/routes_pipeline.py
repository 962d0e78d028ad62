"""How frames flow: stages, edges, and the last ten minutes of each edge."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rushes.server import views
from rushes.server.answers import History, Pipeline
from rushes.server.endpoints import Call, Endpoint
from rushes.server.queries import HistoryQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.server.history import Point

__all__ = ["ENDPOINTS", "history_of"]


async def _pipeline(call: Call) -> Pipeline:
    return views.pipeline(call.state)


async def _history(call: Call) -> History:
    query: HistoryQuery = call.query
    return history_of(query.edge, call.state.history.of(query.edge))


def history_of(edge: str, points: list[Point]) -> History:
    """Counters turned into what happened from each point to the next; a counter that began anew gives 0."""
    steps = [
        (before, after, after.t_s - before.t_s)
        for before, after in pairwise(points)
        if after.t_s > before.t_s
    ]
    return History(
        edge=edge,
        t=[after.t_s for _, after, _ in steps],
        in_=[_rate(before.offered, after.offered, s) for before, after, s in steps],
        out=[_rate(before.delivered, after.delivered, s) for before, after, s in steps],
        dropped=[_rate(before.dropped, after.dropped, s) for before, after, s in steps],
        waiting=[after.waiting for _, after, _ in steps],
    )


def _rate(before: int, after: int, seconds: float) -> float:
    return round(max(0, after - before) / seconds, 3)


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/api/pipeline", _pipeline, "Stages and edges", Pipeline),
    Endpoint(
        "GET",
        "/api/pipeline/history",
        _history,
        "Ten minutes of an edge, a point a second",
        History,
        query=HistoryQuery,
        problems=(404,),
    ),
)
