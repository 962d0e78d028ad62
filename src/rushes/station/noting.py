"""Keeping what workers found in a channel's pictures with its recordings."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from rushes.errors import ArchiveError, UnknownName
from rushes.station.following import Following, attached

if TYPE_CHECKING:
    from rushes.archive import Archive
    from rushes.figures import Figure
    from rushes.lifecycle import StopToken

__all__ = ["Notes", "Noting"]

_log = logging.getLogger("rushes.station")
_EVERY_NS = 200_000_000
_LONGEST_NS = 1_000_000_000
# What an archive's moments are whole numbers of: ends are rounded up to one and beginnings down.
_UNIT_NS = 1_000

_Found = tuple["Figure", ...]


class Notes:
    """Which figures are kept, and for how long each (pure).

    Five times a second is as often as people can look, and what a year of it takes of an index is then known: a set of
    figures is shown until the next one of its track is, for a second at most.
    """

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, _Found]] = {}

    def put(self, track: str, at_ns: int, figures: _Found) -> tuple[int, int, _Found] | None:
        """Takes what was found in the picture of a moment; gives what can be kept now: from when, until when, what."""
        before = self._open.get(track)
        if before is not None and at_ns - before[0] < _EVERY_NS:
            return None
        self._open[track] = (at_ns, figures)
        return None if before is None else _closed(before, at_ns)

    def rest(self) -> list[tuple[int, int, _Found]]:
        """What is still open at the end."""
        left, self._open = self._open, {}
        return [made for each in left.values() if (made := _closed(each, each[0] + _EVERY_NS)) is not None]


def _closed(found: tuple[int, _Found], until_ns: int) -> tuple[int, int, _Found] | None:
    at_ns, figures = found
    return (at_ns, min(until_ns, at_ns + _LONGEST_NS) - _UNIT_NS, figures) if figures else None


class Noting:
    """Follows the depot ``place`` and writes its figures to ``archive``, until told to ``stop``. What cannot be written
    is logged, and recording goes on.
    """

    def __init__(self, channel: str, place: str, archive: Archive, stop: StopToken) -> None:
        self._channel, self._archive, self._stop = channel, archive, stop
        self._notes = Notes()
        self._following: Following | None = None
        self._settled = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(place,), name=f"figures {channel}", daemon=True
        )
        self._thread.start()

    def finish(self) -> None:
        """Writes what is left. ``stop`` is set."""
        self._settled.wait()
        if self._following is not None:
            self._following.drain()
        self._thread.join()

    def _run(self, place: str) -> None:
        try:
            depot = attached(place, self._stop)
            if depot is None:
                return
            self._following = Following(depot, depot.head, f"{self._channel} recorder")
        finally:
            self._settled.set()
        for lease in self._following.leases():
            with lease:
                frame = lease.copy()
            self._keep(self._notes.put(frame.track, frame.captured_ns, frame.figures))
        for each in self._notes.rest():
            self._keep(each)

    def _keep(self, made: tuple[int, int, _Found] | None) -> None:
        if made is None:
            return
        start_ns, end_ns, figures = made
        try:
            self._archive.add_figures(self._channel, start_ns / 1e9, end_ns / 1e9, figures)
        except (ArchiveError, UnknownName, OSError) as error:
            _log.warning("figures of %s were not kept: %s", self._channel, error)
