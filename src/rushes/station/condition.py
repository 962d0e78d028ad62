"""How a channel is: opening, live, late, lost or stopped, and why (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Condition"]

_QUIET_NS = 2_000_000_000
_QUIET_FRAMES = 3
# Less than this share of what it is to give, over the last seconds, is late; it takes a little more to be live again.
_LATE, _LATE_NO_MORE = 0.8, 0.9
# A rate over two seconds is right to a frame in them.
_UNSURE_FPS = 0.5


class Condition:
    """One channel's. ``say`` takes what users are to know, in one line."""

    def __init__(self, name: str, say: Callable[[str], object], wall_ns: int) -> None:
        self.state, self.why = "opening", ""
        self.since_ns = wall_ns
        self._name, self._say = name, say
        self._seen, self._moved_ns = 0, 0
        self._trouble = ""

    def hear(self, trouble: str) -> None:
        """Why the source brings nothing, as it says itself; empty when there is no reason any more."""
        self._trouble = trouble
        if self.state == "opening":
            self.why = trouble

    def begin(self, now_ns: int) -> None:
        """From now on frames are due."""
        self._moved_ns = now_ns

    def look(
        self,
        stored: int,
        now_ns: int,
        wall_ns: int,
        *,
        fps: float | None,
        target: float,
        ended: str,
        cause: str,
    ) -> None:
        """``stored`` frames came in all, ``fps`` in the last seconds (None: not known yet) of the ``target``.

        ``ended``: why the source has no more; ``cause``: why its process ended, while there is none.
        """
        if stored > self._seen:
            self._seen, self._moved_ns = stored, now_ns
        self._note(*self._now(now_ns, fps, target, ended, cause), wall_ns)

    def _now(self, now_ns: int, fps: float | None, target: float, ended: str, cause: str) -> tuple[str, str]:
        if ended:
            return "stopped", ended
        quiet_ns = max(_QUIET_NS, round(_QUIET_FRAMES * 1e9 / target) if target else 0)
        if now_ns - self._moved_ns >= quiet_ns:
            return "lost", cause or self._trouble or f"no frame for {quiet_ns / 1e9:g} s"
        enough = _LATE_NO_MORE if self.state == "late" else _LATE
        if fps is not None and fps + _UNSURE_FPS < enough * target:
            return "late", f"less than {_LATE:.0%} of {target:g} frames a second"
        return "live", ""

    def _note(self, state: str, why: str, wall_ns: int) -> None:
        if state != self.state:
            if self.state != "opening" or state != "live":
                self._say(f"{self._name} is {state}{f': {why}' if why else ''}")
            self.since_ns = wall_ns
        self.state, self.why = state, why
