"""The numbers frames travel under, and when they begin anew (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Numbering", "Place"]

_LIMIT = 2**63


class Place(NamedTuple):
    """Where a frame stands: in which run of which track, under which number."""

    run: int
    track: str
    number: int


class Numbering:
    """Keeps the numbers that frames have and counts those without one, for each track from 0.

    Within a run the numbers of a track rise. One that does not (a film that is played again, a source that was
    restarted, a number sent twice) begins a new run, so that no receiver takes it for an old one.
    ``draw()`` gives a new run, at random: two that were started at once must not share one.
    """

    def __init__(self, draw: Callable[[], int]) -> None:
        self._draw = draw
        self._tracks: dict[str, tuple[int, int]] = {}
        self.runs = 0

    def place(self, track: str, number: int | None) -> Place:
        """The place of the next frame of that track. FrameError for a number the wire cannot carry."""
        if number is not None and number >= _LIMIT:
            raise FrameError(f"number must be under 2**63 to be sent, not {number}")
        run, last = self._tracks.get(track, (-1, -1))
        chosen = last + 1 if number is None else number
        if number is None and chosen >= _LIMIT:
            chosen = 0
        if run < 0 or chosen <= last:
            run = self._draw()
            self.runs += 1
        self._tracks[track] = run, chosen
        return Place(run, track, chosen)
