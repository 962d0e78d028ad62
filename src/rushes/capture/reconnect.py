"""When a live link counts as lost and when to try it again (pure)."""

from __future__ import annotations

from rushes.errors import ConfigError

__all__ = ["Reconnect"]

_FIRST_S = 0.25
_MOST_S = 4.0

# (state, what happened) → state. Opening alone does not make a link live: a server that takes every caller and
# sends nothing would count as well, and its back-off would begin anew each time.
_TABLE = {
    ("opening", "frame"): "live",
    ("opening", "failed"): "lost",
    ("live", "frame"): "live",
    ("live", "failed"): "lost",
    ("lost", "frame"): "live",
    ("lost", "failed"): "lost",
}
_ENDS = ("ended", "closed")


class Reconnect:
    """The state of one link: "opening", "live" and "lost" in turn, then "ended" or "closed" for good.

    ``first_s``, ``most_s``: the wait before the first new try, doubled up to the last; a frame begins it anew.
    ``ever``: whether a frame came at all.
    ConfigError for waits that are not above 0 and in order. One thread at a time.
    """

    def __init__(self, first_s: float = _FIRST_S, most_s: float = _MOST_S) -> None:
        if not 0 < first_s <= most_s:
            raise ConfigError(
                f"back-off from {first_s} to {most_s} s; give two waits above 0, the shorter first",
                option="first_s",
            )
        self.state = "opening"
        self.reconnects = 0
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s
        self.ever = False

    def frame(self) -> None:
        """A frame came."""
        if self.state == "lost" and self.ever:
            self.reconnects += 1
        self.ever = True
        self._next_s = self._first_s
        self._move("frame")

    def failed(self) -> float:
        """The link could not be had, broke off or stalled. How many seconds to wait before the next try."""
        self._move("failed")
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self._most_s)
        return wait_s

    def finish(self, state: str) -> None:
        """For good: "ended", "closed", or "lost" when nobody tries again. The first one stays."""
        if self.state not in _ENDS:
            self.state = state

    def _move(self, event: str) -> None:
        self.state = _TABLE.get((self.state, event), self.state)
