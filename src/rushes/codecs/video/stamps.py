"""Time stamps of a recording: ticks from its first picture, always growing (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rushes.codecs.video.media import Packet

__all__ = ["TICKS_PER_S", "USUAL_FPS", "Stamps"]

TICKS_PER_S = 90_000
"""What television counts in: a multiple of the common frame rates."""

USUAL_FPS = 25
"""Assumed where a rate is needed and none is known."""

# A clock that goes back by more than this was set, or another stream began.
_SET_BACK = TICKS_PER_S


class Stamps:
    """Turns moments into ticks, and says where groups of pictures begin.

    A moment that is not later than the last gets one tick more than it. One that is more than a second
    earlier means that the clock was set back: then counting goes on from the last with one picture's
    duration. Anything else would squeeze all that comes until the clock has caught up into an instant.
    """

    def __init__(self, fps: float, gop_s: float) -> None:
        self.usual = round(TICKS_PER_S / (fps or USUAL_FPS))
        self._gop = round(gop_s * TICKS_PER_S)
        self._zero: int | None = None
        self._last = -1
        self._key = 0

    def stamp(self, captured_ns: int, keyframe: bool) -> tuple[int, bool]:
        """The picture's ticks, and whether it begins a group."""
        first = self._zero is None
        # Whole numbers throughout: nanoseconds since 1970 are too many for a float to tell a tick.
        ticks = self._follow((captured_ns * TICKS_PER_S + 500_000_000) // 1_000_000_000)
        # Half a picture early is nearer to the time than half a picture late.
        begins = first or keyframe or ticks - self._key >= self._gop - self.usual // 2
        if begins:
            self._key = ticks
        return ticks, begins

    def copied(self, packet: Packet) -> tuple[int, int, int] | None:
        """The packet's (pts, dts, duration) in ticks; None for one before the first key frame."""
        if self._zero is None and not packet.keyframe:
            return None
        decoded = packet.dts_s if packet.dts_s is not None else packet.pts_s
        if decoded is None:
            dts = self._follow(None)
        else:
            dts = self._follow(round(decoded * TICKS_PER_S))
        later = 0.0 if decoded is None or packet.pts_s is None else packet.pts_s - decoded
        return (
            dts + max(0, round(later * TICKS_PER_S)),
            dts,
            round(packet.duration_s * TICKS_PER_S) or self.usual,
        )

    def _follow(self, moment: int | None) -> int:
        """Ticks for a moment of the outer clock, in its own ticks; None for one that is not known."""
        if self._zero is None:
            self._zero = moment or 0
        usual = self._last + self.usual if self._last >= 0 else 0
        if moment is None:
            moment = self._zero + usual
        elif moment - self._zero < self._last - _SET_BACK:
            self._zero = moment - usual
        self._last = max(moment - self._zero, self._last + 1)
        return self._last
