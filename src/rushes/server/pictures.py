"""Pictures as they are asked for by HTTP: the newest of a channel or one of the archive, sized, drawn on, as JPEG."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, FrameError, SourceUnavailable

if TYPE_CHECKING:
    from rushes.figures import Figure
    from rushes.frame import Frame
    from rushes.server.queries import Wanted
    from rushes.server.state import ServerState

__all__ = ["Jpeg", "newest", "of_moment", "smaller"]

_FIGURES_NS = 2_000_000_000
"""Figures are found a little after their picture came, and said to be those of now no longer than this."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture and the truth about it; ``age_s`` at the moment it was taken."""

    data: bytes
    number: int | None
    captured_ns: int
    age_s: float


def newest(state: ServerState, channel: str, wanted: Wanted, max_age_s: float | None) -> Jpeg:
    """The newest picture of the channel.

    SourceUnavailable when there is none, or none of the last ``max_age_s`` seconds.
    """
    frame = _newest_frame(state, channel)
    age_s = frame.age_s
    if max_age_s is not None and age_s > max_age_s:
        raise SourceUnavailable(
            f"{channel}: the newest picture is {age_s:.3f} s old, {max_age_s:g} s were asked for", uri=channel
        )
    if wanted.figures:
        frame = replace(frame, figures=_newest_figures(state, channel) or frame.figures)
    return _jpeg(frame, wanted, age_s, draw=wanted.figures)


def _newest_frame(state: ServerState, channel: str) -> Frame:
    """A copy of the newest frame. SourceUnavailable, telling the channel's state, when there is none."""
    for _ in range(_ATTEMPTS):
        depot = state.depot(channel)
        try:
            lease = None if depot is None else depot.newest()
        except ClosedError:  # replaced in this moment: the next look finds the new one
            continue
        if lease is None:
            break
        with lease:
            return replace(lease.copy(), channel=channel)
    about = state.channel(channel)
    why = f" ({about.why})" if about.why else ""
    raise SourceUnavailable(f"{channel} has no picture: it is {about.state}{why}", uri=channel)


def _newest_figures(state: ServerState, channel: str) -> tuple[Figure, ...]:
    """What was found in the channel's pictures of the last two seconds, newest only."""
    try:
        depot = state.figures(channel)
        lease = None if depot is None else depot.newest()
    except ClosedError:
        return ()
    if lease is None:
        return ()
    with lease:
        if SYSTEM.wall_ns() - lease.captured_ns > _FIGURES_NS:
            return ()
        return lease.copy().figures


def of_moment(state: ServerState, channel: str, t_s: float, wanted: Wanted, *, exact: bool) -> Jpeg:
    """The picture that was the newest at ``t_s``; raises what the archive does."""
    frame = state.recorded.get().frame_at(channel, t_s, exact=exact, figures=wanted.figures)
    return _jpeg(frame, wanted, frame.age_s, draw=False)


def smaller(data: bytes, width: int) -> bytes:
    """The JPEG, ``width`` pixels wide or as it is if that is no less."""
    from rushes.codecs import jpeg

    pixels = jpeg.decode(data, "bgr24")
    if pixels.shape[1] <= width:
        return data
    return jpeg.encode(_sized(pixels, "bgr24", width), "bgr24", 80)


def _jpeg(frame: Frame, wanted: Wanted, age_s: float, *, draw: bool) -> Jpeg:
    """Made smaller first: less to draw on, and less to pack."""
    from rushes.codecs import jpeg, to_pixels

    if frame.format == "array":
        raise FrameError(f"channel {frame.channel!r} carries data that is no picture", format="array")
    drawn = draw and bool(frame.figures)
    if frame.format == "jpeg" and wanted.w is None and not drawn:
        data = frame.array.tobytes()
    else:
        pixels, layout = to_pixels(frame.array, frame.format)
        if wanted.w is not None:
            pixels = _sized(pixels, layout, wanted.w)
        if drawn:
            from rushes.codecs.picture import draw as drawn_on

            pixels = drawn_on(pixels, layout, frame.figures)
        data = jpeg.encode(pixels, layout, wanted.q)
    return Jpeg(data, frame.number, frame.captured_ns, age_s)


def _sized(pixels: Any, layout: str, width: int) -> Any:
    from rushes.codecs.video.scale import resize
    from rushes.frame import picture_size

    height, had = picture_size(pixels.shape, layout)
    if had <= width:
        return pixels
    # Chroma of i420 is for two by two pixels, so its sides are even.
    step = 2 if layout == "i420" else 1
    new_width = max(step, width // step * step)
    return resize(pixels, layout, new_width, max(step, round(height * new_width / had / step) * step))
