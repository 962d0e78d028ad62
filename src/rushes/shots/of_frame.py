"""What every way to a picture has in common: a frame made a picture, and the reasons for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import JobCancelled, SourceUnavailable
from rushes.shots.request import Picture

if TYPE_CHECKING:
    from rushes.frame import Frame
    from rushes.shots.request import Ask, Origin

__all__ = ["check_fresh", "check_wanted", "of_frame"]


def of_frame(frame: Frame, ask: Ask, source: Origin) -> Picture:
    """The frame as an answer, with its figures drawn in when they are wanted."""
    drawn = ask.figures and bool(frame.figures)
    return Picture(frame.draw() if drawn else frame, frame.captured_ns, frame.number, source, drawn)


def check_fresh(captured_ns: int, ask: Ask) -> None:
    """Raises SourceUnavailable when the newest there is is too old."""
    if captured_ns < ask.not_before_ns:
        age_s = (SYSTEM.wall_ns() - captured_ns) / 1e9
        raise SourceUnavailable(f"{ask.channel}: its newest frame is {age_s:.3f} s old", uri=ask.channel)


def check_wanted(ask: Ask) -> None:
    """Raises JobCancelled when nobody wants the shot any more: that says nothing about the channel."""
    if ask.token.cancelled:
        raise JobCancelled(f"{ask.channel}: nobody waits for this shot any more", reason="on request")
