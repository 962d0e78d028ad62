"""What was recorded: pictures of any moment, where there are any, and stretches to take away."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from msgspec import UNSET
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from rushes.errors import JobCancelled, UnknownName
from rushes.figures import to_plain
from rushes.server.answers import Figures, SpanAnswer, Thumb
from rushes.server.endpoints import Call, Endpoint
from rushes.server.fleet_words import MAKING
from rushes.server.pictures import of_moment
from rushes.server.queries import AtQuery, ExportQuery, FiguresQuery, SpanQuery, ThumbQuery, moment_s, stretch
from rushes.server.routes_channels import PICTURE_HEADERS, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.archive import Span

__all__ = ["ENDPOINTS", "MEDIA"]

MEDIA = {".mp4": "video/mp4", ".gif": "image/gif", ".webp": "image/webp", ".jpg": "image/jpeg"}
_SETTLED_S = 10.0
_LOOK_S = 0.25
_TOLD_S = 10.0
"""Of no longer a stretch figures are told one by one."""


def _at(call: Call) -> Response:
    query: AtQuery = call.query
    t_s = moment_s(query.t, "t")
    jpeg = of_moment(call.state, call.path["channel"], t_s, query, exact=query.exact)
    # What was recorded does not change any more, but for figures, which come late; scrubbing asks again and again.
    old = call.state.clock.wall_ns() / 1e9 - t_s > _SETTLED_S
    return picture(jpeg, "private, max-age=3600" if old and not query.figures else "no-store")


def _spans(call: Call) -> list[SpanAnswer]:
    query: SpanQuery = call.query
    start_s = None if query.from_ is None else moment_s(query.from_, "from")
    end_s = None if query.to is None else moment_s(query.to, "to")
    found = _recorded(call, start_s, end_s, query.max_gap)
    return [SpanAnswer(start=each.start_ns / 1e9, end=each.end_ns / 1e9) for each in found]


def _recorded(call: Call, start_s: float | None, end_s: float | None, max_gap_s: float = 2.0) -> list[Span]:
    """None of a channel that was never recorded; UnknownName for one that is not there either."""
    try:
        return call.state.recorded.get().spans(call.path["channel"], start_s, end_s, max_gap_s=max_gap_s)
    except UnknownName:
        call.state.channel(call.path["channel"])
        return []


def _thumbs(call: Call) -> list[Thumb]:
    """Moments within what was recorded; at.jpg gives the key frame before each. No more than one a second, as
    there are hardly more key frames.
    """
    query: ThumbQuery = call.query
    start_s, end_s = stretch(query.from_, query.to)
    spans = _recorded(call, start_s, end_s)
    held = [(max(each.start_ns / 1e9, start_s), min(each.end_ns / 1e9, end_s)) for each in spans]
    total_s = sum(end - start for start, end in held)
    count = min(query.n, math.floor(total_s) + 1) if held else 0
    return [Thumb(t=round(_along(held, total_s * (turn + 0.5) / count), 6)) for turn in range(count)]


def _along(held: list[tuple[float, float]], offset_s: float) -> float:
    """The moment that many recorded seconds after the first."""
    for start, end in held:
        if offset_s <= end - start:
            return start + offset_s
        offset_s -= end - start
    return held[-1][1]


def _figures(call: Call) -> list[Figures]:
    query: FiguresQuery = call.query
    start_s, end_s = stretch(query.from_, query.to)
    try:
        spans = call.state.recorded.get().figures_between(call.path["channel"], start_s, end_s, query.n)
    except UnknownName:
        call.state.channel(call.path["channel"])
        return []
    told = end_s - start_s <= _TOLD_S
    return [
        Figures(
            start=each.start_ns / 1e9,
            end=each.end_ns / 1e9,
            count=each.count,
            kinds=dict(each.kinds),
            figures=[to_plain(figure) for figure in each.figures] if told else UNSET,
        )
        for each in spans
    ]


async def _export(call: Call) -> Response:
    """Made while the caller waits: given up when it goes away, and removed when it has it."""
    query: ExportQuery = call.query
    state, suffix = call.state, call.request.url.path.rpartition(".")[2]
    wanted = (call.path["channel"], *stretch(query.from_, query.to), suffix)
    made = await state.call(lambda: state.exports.order(*wanted, figures=query.figures, kept=False))
    tell, ready = call.request.scope.get(MAKING), False
    try:
        while not made.handle.done():
            if state.stopping.stopped or await call.request.is_disconnected():
                raise JobCancelled("nobody waits for this export any more")
            if tell is not None:
                tell(made.part)
            await asyncio.sleep(_LOOK_S / 10 if made.part == 0 else _LOOK_S)
        made.handle.result(0)
        ready = True
    finally:
        if not ready:
            state.exports.remove(made.id)
    return FileResponse(
        made.path,
        media_type=MEDIA[f".{suffix}"],
        filename=made.path.name,
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(state.exports.remove, made.id),
    )


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET",
        "/api/channels/{channel}/at.jpg",
        _at,
        "The picture of a moment",
        query=AtQuery,
        media="image/jpeg",
        problems=(404,),
        headers=PICTURE_HEADERS,
    ),
    Endpoint(
        "GET",
        "/api/channels/{channel}/spans",
        _spans,
        "Where there are recordings",
        list[SpanAnswer],
        query=SpanQuery,
        problems=(404,),
    ),
    Endpoint(
        "GET",
        "/api/channels/{channel}/thumbs",
        _thumbs,
        "Moments to show a stretch by",
        list[Thumb],
        query=ThumbQuery,
        problems=(404,),
    ),
    Endpoint(
        "GET",
        "/api/channels/{channel}/figures",
        _figures,
        "What was found in the pictures of a stretch",
        list[Figures],
        query=FiguresQuery,
        problems=(404,),
    ),
    *(
        Endpoint(
            "GET",
            f"/api/channels/{{channel}}/export.{suffix}",
            _export,
            f"A stretch as {suffix.upper()}",
            query=ExportQuery,
            media=MEDIA[f".{suffix}"],
            problems=(404, 409, 429),
        )
        for suffix in ("mp4", "gif", "webp")
    ),
)
