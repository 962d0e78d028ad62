"""What the station's terminal is told by the web process: who came and went at the hub, and how many jobs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.station.messages import Jobs, Told

if TYPE_CHECKING:
    from rushes.server.state import ServerState
    from rushes.station.child import Link

__all__ = ["Terminal"]

_MOST_LETTERS = 500


class Terminal:
    """The one of ``state``'s station, behind ``link``."""

    def __init__(self, state: ServerState, link: Link) -> None:
        self._state, self._link = state, link
        self._told_s = 0.0
        self._jobs = Jobs(0, 0)

    def tell(self) -> None:
        """Tells what is new; what finds no room in the pipe is told the next time."""
        for each in self._state.fleet.news():
            if each.t > self._told_s:
                if not self._link.say(Told(each.text[:_MOST_LETTERS])):
                    break
                self._told_s = each.t
        states = [each.state for each in self._state.jobs()]
        jobs = Jobs(states.count("saving"), states.count("in_queue"))
        if jobs != self._jobs and self._link.say(jobs):
            self._jobs = jobs
