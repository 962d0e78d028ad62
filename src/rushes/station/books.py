"""Everything a station has heard and seen of its run, made into figures (pure): the time is handed in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rushes.metrics import EdgeStats, LatencyMarks, LatencySummary
from rushes.station.ledger import CameraBook, OutcomeBook, ReaderBook, SourceCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rushes.depot import Depot, DepotStats, Lease
    from rushes.station.messages import Recorded, Streamed, Worked

__all__ = ["Books"]

_FPS_OVER_NS = 2_000_000_000
_FPS_STEP_NS = 50_000_000
# What the live line shows is of the last seconds; the account at the end is of many minutes.
_MARKS_SHOWN = 200
_MARKS_KEPT = 20_000
_LOOKS = 5
_AT_WORK = ("recording", "stopped", "source ended", "opening")
_WRONG = ("disk", "cannot be copied")


class Books:
    """The counts of one channel's depot and of its readers: ``recorder`` and ``streamer`` are the ones that record and
    stream it, ``dealers`` those that have something called with its frames. ``copied``: the recorder takes it from the
    camera itself, and reads no depot.
    """

    def __init__(
        self,
        recorder: str | None = None,
        streamer: str | None = None,
        dealers: Iterable[str] = (),
        *,
        copied: bool = False,
    ) -> None:
        self.worked = {name: OutcomeBook() for name in dealers}
        reading = None if copied else recorder
        names = [*self.worked, *(name for name in (reading, streamer) if name is not None)]
        self.readers: Mapping[str, ReaderBook] = {name: ReaderBook() for name in names}
        self.camera = CameraBook() if copied and recorder is not None else None
        self.recorder, self.streamer = recorder, streamer
        self.recorded = OutcomeBook()
        self._finals: dict[str, Recorded | Streamed | Worked] = {}
        self._marks, self._shown = LatencyMarks(_MARKS_KEPT), LatencyMarks(_MARKS_SHOWN)
        self._passed: deque[tuple[int, int]] = deque()
        self._marked = -1

    def hear_recorder(self, word: Recorded) -> str:
        """Notes what the recorder's process reported; what users are to know of it, if anything."""
        if self.recorder is None:
            return ""
        before = self.recorded.state
        waiting = word.waiting if word.final else None
        self.recorded.update(word.written, word.dropped, word.bytes, word.state, waiting)
        if self.camera is None:
            self.readers[self.recorder].update(word.depot_seen, word.depot_missed)
        elif word.camera is not None:
            came = word.camera
            self.camera.update(came.offered, came.delivered, came.dropped, came.waiting)
        if word.final:
            self._finals[self.recorder] = word
        if word.state == before:
            return ""
        if word.state not in _AT_WORK:
            return f"is not recorded: {word.state}"
        copying = self.camera is not None and word.state == "recording"
        return "is recorded as its camera codes it" if copying else ""

    @property
    def unrecorded(self) -> str:
        """Why a camera's own coding does not come to the recordings just now; empty when it does, or is not to."""
        state = self.recorded.state
        return f"not recorded: {state}" if self.camera is not None and state not in ("", *_AT_WORK) else ""

    def hear_streamer(self, word: Streamed) -> None:
        """Notes what the streamer's process reported."""
        if self.streamer is None:
            return
        self.readers[self.streamer].update(word.depot_seen, word.depot_missed)
        if word.final:
            self._finals[self.streamer] = word

    def hear_dealer(self, name: str, word: Worked) -> None:
        """Notes what a dealer's process reported."""
        self.worked[name].update(word.found, word.dropped, 0, "", word.waiting if word.final else None)
        self.readers[name].update(word.depot_seen, word.depot_missed)
        if word.final:
            self._finals[name] = word

    def is_final(self, reader: str) -> bool:
        """Whether it has had its last word."""
        return reader in self._finals

    def died(self, reader: str) -> None:
        """Notes that a reader's process ended, so that another one goes on from there."""
        self._finals.pop(reader, None)
        if self.camera is not None and reader == self.recorder:
            self.camera.died()
            self.recorded.died(self.camera.delivered_total)
            return
        book = self.readers[reader]
        book.died()
        if reader == self.recorder:
            self.recorded.died(book.seen_before)
        elif reader in self.worked:
            self.worked[reader].died(book.seen_before)

    def look(self, stats: DepotStats, pids: Mapping[str, int]) -> None:
        """Notes the depot's rows of the processes running now; those of dead ones are history already."""
        for row in stats.consumers:
            if row.name in self.readers and pids.get(row.name) == row.pid:
                self.readers[row.name].update(row.seen, row.missed)

    def mark(self, age_s: float, sequence: int) -> None:
        """Notes how old the frame of that sequence was, once."""
        if sequence > self._marked:
            self._marked = sequence
            self._marks.mark(age_s)
            self._shown.mark(age_s)

    @property
    def rated(self) -> bool:
        """Whether :meth:`rate` has seen most of its two seconds."""
        return bool(self._passed) and self._passed[-1][0] - self._passed[0][0] > _FPS_OVER_NS * 3 // 4

    def rate(self, stored: int, now_ns: int) -> float:
        """Frames a second over the last two seconds."""
        # Asked with every step: more points would say no more.
        if not self._passed or now_ns - self._passed[-1][0] >= _FPS_STEP_NS:
            self._passed.append((now_ns, stored))
        while now_ns - self._passed[0][0] > _FPS_OVER_NS and len(self._passed) > 1:
            self._passed.popleft()
        then_ns, before = self._passed[0]
        return (stored - before) * 1e9 / (now_ns - then_ns) if now_ns > then_ns else 0.0

    def ages(self, *, whole_run: bool) -> LatencySummary:
        """From drawing to the depot, in seconds; of the last seconds or of the whole run (its last 20,000
        marks).
        """
        return (self._marks if whole_run else self._shown).summary()

    def edges(self, channel: str, depot: Depot | None) -> tuple[EdgeStats, ...]:
        """Every edge's ledger; without a ``depot`` only of what passes none.

        While frames move, what waits is what was offered and has no end yet: the depot's own count of it is taken at
        another moment. Once nothing moves any more it is the depot's, which proves the sum.
        """
        edges = [] if depot is None else self._depot_edges(channel, depot)
        if self.recorder is not None and self.recorded.state:
            if self.camera is not None:
                edges.append(self.camera.edge(f"{channel} camera -> {self.recorder}"))
            if self.camera is not None or depot is not None:
                edges.append(self.recorded.edge(f"{self.recorder} -> archive", self._seen_by_recorder()))
        if depot is not None:
            for name, outcome in self.worked.items():
                edges.append(outcome.edge(f"{name} -> figures", self.readers[name].seen_total))
        return tuple(edges)

    def _seen_by_recorder(self) -> int:
        if self.camera is not None:
            return self.camera.delivered_total
        return 0 if self.recorder is None else self.readers[self.recorder].seen_total

    def _depot_edges(self, channel: str, depot: Depot) -> list[EdgeStats]:
        """Those into and out of the depot."""
        stats, newest = _at_once(depot)
        edges = [SourceCounts.of(newest).edge(f"{channel} source -> {channel}", newest, stats)]
        for name, book in self.readers.items():
            if name == self.recorder and not self.recorded.state:
                continue  # it never began: another process records
            final = self._finals.get(name)
            waiting = None if final is None else final.depot_waiting
            edges.append(book.edge(f"{channel} -> {name}", stats.head, waiting))
        return edges

    def problems(self) -> list[str]:
        """What ended its recording before its time, in a line; none where nothing did."""
        if self.recorded.state.startswith(_WRONG):
            return [f"{self.recorder} could not go on: {self.recorded.state}"]
        return []


def _at_once(depot: Depot) -> tuple[DepotStats, Lease | None]:
    """The counts and the newest frame of one moment, as far as they can be had: a source may be faster than this."""
    for _ in range(_LOOKS):
        stats, newest = depot.stats(), depot.newest()
        if newest is None or newest.sequence == stats.head:
            break
    return stats, newest
