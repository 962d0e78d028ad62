"""Taking fewer frames than there are, evenly (pure)."""

from __future__ import annotations

from rushes.errors import ConfigError

__all__ = ["Thinner"]

_SECOND_NS = 1_000_000_000


class Thinner:
    """Says which frames to take so that there are at most ``fps`` a second; None takes all.

    Goes by the frames' own times. A frame up to half a period early is taken, as the times of a camera waver;
    the grid stays where it was, so that wavering does not add up. After a gap it begins anew. ConfigError for
    a rate of zero or less. One thread at a time.
    """

    def __init__(self, fps: float | None) -> None:
        if fps is not None and not fps > 0:
            raise ConfigError(f"fps is {fps}; give a rate above 0, or None for every frame", option="fps")
        self._period_ns = 0.0 if fps is None else _SECOND_NS / fps
        self._due_ns: float | None = None

    def wants(self, captured_ns: int) -> bool:
        """Whether the frame of that moment is one to take."""
        period, due = self._period_ns, self._due_ns
        if due is not None and period and due - 10 * period < captured_ns < due - period / 2:
            return False
        # On the grid unless it is far from it: after a gap, or when the clock was set, a new one begins.
        near = due is not None and abs(captured_ns - due) <= period
        self._due_ns = (due if near and due is not None else captured_ns) + period
        return True
