"""Taking fewer frames than there are, evenly (pure)."""

from __future__ import annotations

from rushes.errors import ConfigError

__all__ = ["Thinner"]

_SECOND_NS = 1_000_000_000
_NEWEST_SHARE = 0.1


class Thinner:
    """Says which frames to take so that there are at most ``fps`` a second; None takes all.

    Goes by the frames' own times: of those around a moment of the grid the nearest is taken, as the times of a
    camera waver; the grid stays where it was, so that wavering does not add up. After a gap it begins anew.
    ConfigError for a rate of zero or less. One thread at a time.
    """

    def __init__(self, fps: float | None) -> None:
        if fps is not None and not fps > 0:
            raise ConfigError(f"fps is {fps}; give a rate above 0, or None for every frame", option="fps")
        self._period_ns = 0.0 if fps is None else _SECOND_NS / fps
        self._due_ns: float | None = None
        self._last_ns = 0
        self._usual_ns = 0.0  # from frame to frame
        self._steps = 0

    def wants(self, captured_ns: int) -> bool:
        """Whether the frame of that moment is one to take."""
        period, due = self._period_ns, self._due_ns
        if not period:
            return True
        step, self._last_ns = captured_ns - self._last_ns, captured_ns
        if due is None:
            self._due_ns = captured_ns + period
            return True
        if 0 < step < 10 * period:
            self._steps += 1
            self._usual_ns += (step - self._usual_ns) * max(_NEWEST_SHARE, 1 / self._steps)
        early = (min(period, self._usual_ns) if self._steps > 1 else period) / 2
        if due - 10 * period < captured_ns < due - early:
            return False
        # On the grid unless it is far from it: after a gap, or when the clock was set, a new one begins.
        self._due_ns = (due if abs(captured_ns - due) <= period else captured_ns) + period
        return True
