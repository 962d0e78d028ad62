"""When coded pictures of a live stream were taken: by their own clock, held to ours (pure)."""

from __future__ import annotations

__all__ = ["Arrival"]

_SECOND_NS = 1_000_000_000
_DRIFT_NS = _SECOND_NS // 2
# No stream sends so much ahead of its time: our own clock was set back, and pictures follow it as frames do.
_SET_BACK_NS = 60 * _SECOND_NS
# Two neighbours so far apart are not of one clock.
_JUMP_S = 10.0


class Arrival:
    """The first picture of a connection was taken when :meth:`begin` says, the others as their own times say.

    Where the two clocks have come apart by more than half a second, times are mended at a key frame, so that
    those within a group stay in their order: what is behind goes to the time of arrival at once, and what is
    ahead, as after a server that began with what it had kept, runs at half speed until the clock has caught up.
    So no mending goes back, unless our clock was set back by more than a minute.
    """

    def __init__(self) -> None:
        self._zero_s: float | None = None
        self._zero_ns = 0
        self._speed = 1.0
        self._last_s = 0.0
        self._highest_ns = 0

    def begin(self, shown_s: float, decoded_s: float, taken_ns: int) -> None:
        """A new connection, whose times have nothing to do with those before, and when its first one was taken."""
        self._last_s = decoded_s
        self._mend(shown_s, taken_ns, taken_ns)

    def stamp(
        self, pts_s: float | None, dts_s: float | None, duration_s: float, keyframe: bool, arrived_ns: int
    ) -> int:
        """When the picture was taken, in UTC nanoseconds. To be called for each one, in the order of decoding."""
        decoded_s = dts_s if dts_s is not None else pts_s
        if decoded_s is None:
            decoded_s = self._last_s + duration_s
        shown_s = decoded_s if pts_s is None else pts_s
        if self._zero_s is None or abs(decoded_s - self._last_s) > _JUMP_S:
            self._mend(shown_s, arrived_ns, arrived_ns)
        elif keyframe:
            self._mend(shown_s, self._at(shown_s), arrived_ns)
        self._last_s = decoded_s
        taken_ns = self._at(shown_s)
        self._highest_ns = max(self._highest_ns, taken_ns)
        return taken_ns

    def _at(self, shown_s: float) -> int:
        return self._zero_ns + round((shown_s - (self._zero_s or 0.0)) * self._speed * _SECOND_NS)

    def _mend(self, shown_s: float, taken_ns: int, arrived_ns: int) -> None:
        """From this picture on; ``taken_ns`` is what it would get."""
        if arrived_ns < self._highest_ns - _SET_BACK_NS:
            self._highest_ns = taken_ns = arrived_ns
        else:
            behind = arrived_ns > taken_ns + _DRIFT_NS
            taken_ns = max(arrived_ns if behind else taken_ns, self._highest_ns + 1)
        self._zero_s, self._zero_ns = shown_s, taken_ns
        self._speed = 0.5 if taken_ns > arrived_ns + _DRIFT_NS else 1.0
