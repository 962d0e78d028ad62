"""The channels, and their newest pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from rushes.server import views
from rushes.server.answers import ChannelAnswer
from rushes.server.endpoints import Call, Endpoint
from rushes.server.pictures import Jpeg, newest
from rushes.server.queries import FrameQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ENDPOINTS", "PICTURE_HEADERS", "picture"]

PICTURE_HEADERS = {
    "X-Frame-Number": "The frame's number; missing where it is not known",
    "X-Captured-Ns": "When it was captured, in UTC nanoseconds since 1970",
    "X-Age-Ms": "How old it was when it was taken for this answer",
}


def picture(jpeg: Jpeg, cache: str = "no-store") -> Response:
    """A JPEG with what is known of it."""
    headers = {
        "X-Captured-Ns": str(jpeg.captured_ns),
        "X-Age-Ms": f"{jpeg.age_s * 1000:.1f}",
        "Cache-Control": cache,
    }
    if jpeg.number is not None:
        headers["X-Frame-Number"] = str(jpeg.number)
    return Response(jpeg.data, media_type="image/jpeg", headers=headers)


async def _channels(call: Call) -> list[ChannelAnswer]:
    return views.channels(call.state)


async def _channel(call: Call) -> ChannelAnswer:
    state, name = call.state, call.path["channel"]
    return views.channel_view(state.board(), state.channel(name), state.all_edges())


def _frame(call: Call) -> Response:
    query: FrameQuery = call.query
    return picture(newest(call.state, call.path["channel"], query, query.max_age))


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/api/channels", _channels, "All channels", list[ChannelAnswer]),
    Endpoint("GET", "/api/channels/{channel}", _channel, "One channel", ChannelAnswer, problems=(404,)),
    Endpoint(
        "GET",
        "/api/channels/{channel}/frame.jpg",
        _frame,
        "The newest picture",
        query=FrameQuery,
        media="image/jpeg",
        problems=(404,),
        headers=PICTURE_HEADERS,
    ),
)
