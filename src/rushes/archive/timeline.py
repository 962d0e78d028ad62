"""The moments of one channel's pictures: always growing, though the clock may be set while it records (pure)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Stamp", "Timeline"]

# A clock that is being slewed, or a source whose times waver, goes back by less than this.
_WAVER_NS = 100_000_000
# Enough for the file's own ticks of 1/90000 s to tell two pictures apart.
_STEP_NS = 12_000
_PAUSE_NS = 2_000_000_000


class Stamp(NamedTuple):
    """What a picture gets: its moment, and whether it ought to begin a new file, and why.

    ``fresh``: "" (goes on), "first", "pause" (nothing came for two seconds or more) or "set back".
    ``hides_from_ns``: the channel has pictures of this moment already, made by a clock that was wrong; from here on
    they give way to what comes now. None: there are none.
    """

    t_ns: int
    fresh: str
    hides_from_ns: int | None = None


class Timeline:
    """Moments for the pictures of one recording; ``last_ns`` is the channel's last one before it.

    A moment that is at most 0.1 s before the last is put right behind it. One further back means that the clock
    was set: the times now are the right ones, so they are kept, and hide what lies under them. Putting everything
    behind the last moment instead was rejected: all of a day's recording would be off by the step. Hiding all up to
    the last moment at once was rejected too: a clock that starts at 1970 would hide the whole archive. A clock set
    forward leaves a pause.
    """

    def __init__(self, last_ns: int | None) -> None:
        self._last_ns: int | None = None
        self._most_ns = last_ns
        self.steps = 0

    def stamp(self, captured_ns: int) -> Stamp:
        """The moment of the next picture."""
        last_ns, most_ns = self._last_ns, self._most_ns
        moment = self._next(captured_ns)
        under = most_ns is not None and moment <= most_ns
        if last_ns is None:
            fresh = "set back" if under else "first"
        elif moment < last_ns:
            fresh = "set back"
        else:
            fresh = "pause" if moment - last_ns > _PAUSE_NS else ""
        self.steps += fresh == "set back"
        self._last_ns = moment
        self._most_ns = moment if most_ns is None else max(most_ns, moment)
        if not under:
            return Stamp(moment, fresh)
        return Stamp(moment, fresh, moment if last_ns is None or fresh == "set back" else last_ns + 1)

    def _next(self, captured_ns: int) -> int:
        last_ns = self._last_ns
        if last_ns is not None and last_ns - _WAVER_NS <= captured_ns < last_ns + _STEP_NS:
            return last_ns + _STEP_NS
        return captured_ns
