"""The station itself: what it is, whether it is well, and all its counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from rushes.server import views
from rushes.server.answers import StationAnswer, Stats
from rushes.server.endpoints import Call, Endpoint
from rushes.server.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ENDPOINTS"]


async def _station(call: Call) -> StationAnswer:
    return views.station(call.state)


async def _stats(call: Call) -> Stats:
    return views.stats(call.state)


async def _alive(call: Call) -> Response:
    """That it answers at all is the answer."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def _ready(call: Call) -> Response:
    board = call.state.board()
    waiting = [each.name for each in board.channels if each.state == "opening"]
    if waiting:
        raise Refused(
            f"{len(waiting)} of {len(board.channels)} channels have not begun",
            status=503,
            remedy="ask again; see /api/channels for why",
            kind="NotReady",
        )
    return PlainTextResponse("ready\n", headers={"Cache-Control": "no-store"})


def _metrics(call: Call) -> Response:
    from rushes.server.metrics_page import exposition

    body, media = exposition(call.state)
    return Response(body, headers={"Content-Type": media, "Cache-Control": "no-store"})


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/api/station", _station, "The station at a glance", StationAnswer),
    Endpoint("GET", "/api/stats", _stats, "All counters", Stats),
    Endpoint("GET", "/healthz", _alive, "Whether the web process answers", media="text/plain"),
    Endpoint(
        "GET", "/readyz", _ready, "Whether every channel has begun", media="text/plain", problems=(503,)
    ),
    Endpoint("GET", "/metrics", _metrics, "Counters for Prometheus", media="text/plain"),
)
