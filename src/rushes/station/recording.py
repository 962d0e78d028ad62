"""Recording a station's channels into an archive: one process for all of them."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from rushes.archive import Archive
from rushes.clock import SYSTEM
from rushes.interfaces import SourceInfo
from rushes.lifecycle import StopToken
from rushes.station.copying import Copying
from rushes.station.following import Following, attached
from rushes.station.messages import Follow, Ready, Recorded, RecorderTask
from rushes.station.noting import Noting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rushes.archive import Recording, RecordingStats
    from rushes.depot import Depot
    from rushes.frame import Frame
    from rushes.station.child import Link

__all__ = ["record_channels"]

_REPORT_S = 0.2
_END_S = 10.0
_AGAIN_NS = 5_000_000_000
_COUNT_NS = 30_000_000_000

_Lines = dict[str, "_Line | Copying"]


def record_channels(task: RecorderTask, link: Link) -> None:
    """Records each channel as soon as its depot or camera is there, until told to stop and all that came is written.

    Raises ArchiveError when another process writes the archive.
    """
    with Archive(
        task.archive,
        max_bytes=task.max_bytes,
        max_age_s=task.max_age_s,
        min_free_bytes=task.min_free_bytes,
        cold=task.cold,
        keep_s=task.keep_s,
    ) as archive:
        lines: _Lines = {}
        _follow(Follow(task.channels, task.starts, task.figures, task.copies), lines, archive, link)
        link.say(Ready())
        due_ns = held = 0
        while not link.stop.wait(_REPORT_S):
            if SYSTEM.monotonic_ns() >= due_ns:
                due_ns, held = SYSTEM.monotonic_ns() + _COUNT_NS, archive.stats().bytes
            order = link.follow()
            if order is not None:
                _follow(order, lines, archive, link)
            for line in lines.values():
                line.tell(held)
                line.keep_on()
        _end(lines)


def _follow(order: Follow, lines: _Lines, archive: Archive, link: Link) -> None:
    """Ends the lines that are not asked for any more, and begins the new ones."""
    _end(
        {
            name: lines.pop(name)
            for name in list(lines)
            if name not in order.channels and name not in order.copies
        }
    )
    for name, uri in order.copies.items():
        if name not in lines:
            lines[name] = Copying(name, uri, order.figures.get(name, ""), archive, link)
    for name, depot in order.channels.items():
        if name not in lines:
            figures = order.figures.get(name, "")
            lines[name] = _Line(name, depot, order.starts.get(name, -1), figures, archive, link)


def _end(lines: Mapping[str, _Line | Copying]) -> None:
    for line in lines.values():  # all at once: what one has yet to write holds up no other
        line.leave()
    for line in lines.values():
        line.finish()
    for line in lines.values():
        line.tell(final=True)


class _Line:
    """One channel: waits for its depot, then records it."""

    def __init__(self, name: str, depot: str, start: int, figures: str, archive: Archive, link: Link) -> None:
        self._figures = figures
        self._noting: Noting | None = None
        self._name, self._place, self._start, self._archive, self._link = name, depot, start, archive, link
        self._source: _DepotFrames | None = None
        self._recording: Recording | None = None
        self._before: list[RecordingStats] = []
        self._again_ns = self._skipped = 0
        self._stop = StopToken(f"recording {name}")
        link.stop.on_stop(self._stop.set)
        self._thread = threading.Thread(target=self._begin, name=f"recorder {name}", daemon=True)
        self._thread.start()

    def tell(self, held: int = 0, *, final: bool = False) -> None:
        """Reports the counts; the ``final`` ones are waited for room."""
        if self._recording is None or self._source is None:
            if final:  # the station waits for it
                self._link.say_last(_nothing(self._name))
            return
        stats = self._recording.stats()
        seen, missed, waiting = self._source.row
        dropped: Counter[str] = Counter()
        for each in (*self._before, stats):
            dropped.update(each.dropped)
        if final:
            # What was skipped, and what was given to a recording that had ended just then.
            offered = sum(each.offered for each in (*self._before, stats))
            dropped += Counter({"not recorded": self._skipped + self._source.given - offered})
        word = Recorded(
            channel=self._name,
            written=stats.written + sum(each.written for each in self._before),
            dropped=dict(dropped),
            waiting=stats.waiting,
            bytes=stats.bytes + sum(each.bytes for each in self._before),
            state=stats.state,
            held=held,
            final=final,
            depot_seen=seen,
            depot_missed=missed,
            depot_waiting=waiting,
        )
        (self._link.say_last if final else self._link.say)(word)

    def keep_on(self) -> None:
        """Begins again a while after a full disk, say, has ended it: somebody may have made room."""
        if self._recording is None or self._source is None or not self._recording.wait(0):
            return
        now_ns = SYSTEM.monotonic_ns()
        if not self._again_ns:
            self._again_ns = now_ns + _AGAIN_NS
        elif now_ns >= self._again_ns:
            self._again_ns = 0
            self._before.append(self._recording.stats())
            self._recording = self._archive.record(self._name, self._source)

    def leave(self) -> None:
        """Waits for no depot any more."""
        self._stop.set()

    def finish(self) -> None:
        """Has all that is in the depot recorded, and the file ended."""
        self.leave()
        self._thread.join()
        if self._source is not None and self._recording is not None:
            if self._recording.wait(0):  # a full disk, say, has ended it: nobody reads what is left
                self._skipped = self._source.skip()
            self._source.drain()
            self._recording.wait(_END_S)
            self._recording.stop()
        if self._noting is not None:
            self._noting.finish()

    def _begin(self) -> None:
        depot = attached(self._place, self._stop)
        if depot is not None:
            self._source = _DepotFrames(depot, self._start, f"{self._name} recorder")
            self._recording = self._archive.record(self._name, self._source)
            if self._figures:
                self._noting = Noting(self._name, self._figures, self._archive, self._stop)
            self.tell()  # by which the station knows that this consumer has joined


def _nothing(channel: str) -> Recorded:
    """The word on a channel whose depot was never there."""
    return Recorded(channel=channel, written=0, dropped={}, waiting=0, bytes=0, state="stopped", final=True)


class _DepotFrames(Following):
    """A depot as a source. ``given`` counts the frames it gave."""

    def __init__(self, depot: Depot, start: int, name: str) -> None:
        super().__init__(depot, start, name, lossless=depot.when_full in ("block", "spill"))
        self.given = 0
        self.info = SourceInfo(0, 0, 0.0, "i420")

    def __iter__(self) -> Iterator[Frame]:
        for lease in self.leases():
            with lease:
                frame = lease.copy()
            self.given += 1
            yield frame

    def stats(self) -> None:
        """The depot's own row has the counts."""

    def close(self) -> None:
        """Nothing to give back before the drain."""
