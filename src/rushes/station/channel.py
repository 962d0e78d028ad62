"""One channel of a running station: its source's process, its depot, and the processes that read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.codecs.video.redact import redact
from rushes.depot import Depot
from rushes.errors import DepotError
from rushes.station.books import Books
from rushes.station.messages import (
    Done,
    Go,
    Opened,
    ReaderTask,
    Ready,
    Recorded,
    Report,
    SourceTask,
    Stop,
    Streamed,
)
from rushes.station.plan import depot_shape
from rushes.station.processes import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.depot import DepotStats
    from rushes.station.messages import Word
    from rushes.station.plan import ChannelPlan

__all__ = ["Channel"]

_JOIN_NS = 5_000_000_000
_AHEAD_NS = 100_000_000
_QUIET_NS = 2_000_000_000


class Channel:
    """Begins when its source says how large its pictures are: only then can its depot be made.

    One thread, which also runs the supervisor that the ``stages`` are given to. ``say`` takes what users are to
    know, in one line. ``recorder`` and ``streamer``: the stages that record and stream it, along with other channels.
    """

    def __init__(
        self,
        plan: ChannelPlan,
        depot: str,
        say: Callable[[str], object],
        recorder: Stage | None = None,
        streamer: Stage | None = None,
    ) -> None:
        self.plan = plan
        self.name = plan.name
        self.depot_name = depot
        self.depot: Depot | None = None
        self.opened: Opened | None = None
        self.failure = ""
        self.ended = ""
        """Why the source has no more; empty while it may have."""
        self.source = Stage(f"{plan.name} source", self._source_task)
        self.readers = [Stage(f"{plan.name} {name}", self._reader_task(name)) for name in plan.readers]
        # By what they are called in this channel's books and depot.
        self._shared = {f"{plan.name} {each.name}": each for each in (recorder, streamer) if each is not None}
        self.books = Books(
            [stage.name for stage in self.readers],
            None if recorder is None else f"{plan.name} {recorder.name}",
            None if streamer is None else f"{plan.name} {streamer.name}",
        )
        self._say = say
        self._ready: set[Stage] = set()
        self._joined: set[Stage] = set()
        self._start_ns = self._due_ns = self._moved_ns = 0
        self._head = -1
        self.state = "opening"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All its lines of work, the source first."""
        return self.source, *self.readers

    @property
    def begun(self) -> bool:
        """Whether the source was told to begin."""
        return self._start_ns > 0

    @property
    def settled(self) -> bool:
        """Whether it begins, or never will."""
        return self.begun or bool(self.failure or self.source.failure)

    @property
    def shown_uri(self) -> str:
        """The source's address, without a password."""
        return redact(self.plan.uri)

    @property
    def frame_bytes(self) -> int:
        """Of one slot's picture; 0 before the source is open."""
        return 0 if self.depot is None else self.depot.slot_bytes or 0

    def hear(self, stage: Stage, word: Word) -> None:
        """What one of its processes said."""
        if isinstance(word, Opened):
            self._open(word)
        elif isinstance(word, Ready):
            self._ready.add(stage)
            if self.depot is not None:
                _tell(stage, Go(0))
        elif isinstance(word, Report):
            self._joined.add(stage)
            self.books.hear(stage.name, word)
        elif isinstance(word, Recorded):
            self._joined.add(stage)
            if word.state not in ("recording", "stopped", "source ended", self.books.recorded.state):
                self._say(f"{self.name} is not recorded: {word.state}")
            self.books.hear_recorder(word)
        elif isinstance(word, Streamed):
            self._joined.add(stage)
            self.books.hear_streamer(word)
        elif isinstance(word, Done):
            self.ended = word.reason
            stage.done = True

    def died(self, stage: Stage) -> None:
        """One of its processes ended before its time."""
        if stage is not self.source:
            self._ready.discard(stage)
            self._joined.discard(stage)
            self.books.died(stage.name if stage in self.readers else f"{self.name} {stage.name}")

    def advance(self, now_ns: int) -> None:
        """Lets the source begin once its readers have joined the depot, or have had time to."""
        takers = len(self.readers) + sum(not each.failure for each in self._shared.values())
        joined = len(self._joined) >= takers or now_ns >= self._due_ns
        if self.depot is not None and not self.begun and joined:
            # A moment ahead, in which the process hears of it and joins the depot: else the first are late.
            self._start_ns = SYSTEM.monotonic_ns() + _AHEAD_NS
            self._moved_ns = now_ns
            _tell(self.source, Go(self._start_ns))

    def look(self, now_ns: int) -> DepotStats | None:
        """Notes the depot's counters, and what state they show; None before there is a depot."""
        if self.depot is None:
            return None
        stats = self.depot.stats()
        takers = {**{each.name: each for each in self.readers}, **self._shared}
        pids = {name: each.pid for name, each in takers.items() if each.pid is not None}
        self.books.look(stats, pids)
        if stats.stored > self._head:
            self._head, self._moved_ns = stats.stored, now_ns
        if not self.begun:
            return stats
        self._note("stopped" if self.ended else "live" if now_ns - self._moved_ns < _QUIET_NS else "lost")
        return stats

    def stop_source(self) -> None:
        """Tells the source's process to end."""
        _tell(self.source, Stop())

    def stop_readers(self) -> None:
        """Tells the readers to end once they have read all that is there."""
        for stage in self.readers:
            _tell(stage, Stop(-1 if self.depot is None else self.depot.head))

    def close(self) -> None:
        """Gives the memory back. Idempotent."""
        if self.depot is not None and not self.depot.closed:
            self.depot.unlink()
            self.depot.close()

    def _open(self, opened: Opened) -> None:
        self.opened = opened
        if self.depot is None:
            self._make_depot(opened)
        if self.begun:
            _tell(self.source, Go(self._start_ns))  # a restarted one keeps to the deadlines of the first

    def _make_depot(self, opened: Opened) -> None:
        shape = depot_shape(opened.width, opened.height, self.plan.format)
        try:
            self.depot = Depot.create(self.depot_name, slots=self.plan.slots, shape=shape, replace="stale")
        except DepotError as error:
            self.failure = str(error)
            return
        self._due_ns = SYSTEM.monotonic_ns() + _JOIN_NS
        by = f" by {opened.backend}" if opened.backend else ""
        self._say(
            f"{self.name}: {opened.width}x{opened.height}@{opened.fps:g} {self.plan.format}{by} -> depot "
            f"{self.depot_name} [{self.plan.slots} slots, {self.plan.slots * self.frame_bytes >> 20} MiB]"
        )
        for stage in self._ready:
            _tell(stage, Go(0))

    def _note(self, state: str) -> None:
        if state != self.state:
            if self.state != "opening" or state != "live":
                why = f": {self.ended}" if state == "stopped" else ""
                self._say(f"{self.name} is {state}{why}")
            self.state = state

    def _source_task(self) -> SourceTask:
        return SourceTask(
            name=self.source.name,
            depot=self.depot_name,
            parent=os.getpid(),
            uri=self.plan.uri,
            fps=self.plan.fps,
            format=self.plan.format,
            options=dict(self.plan.options),
        )

    def _reader_task(self, name: str) -> Callable[[], ReaderTask]:
        full = f"{self.plan.name} {name}"
        return lambda: ReaderTask(
            name=full,
            depot=self.depot_name,
            parent=os.getpid(),
            start=self.books.readers[full].position,
            strips=self.plan.scheme == "testcard",
        )


def _tell(stage: Stage, order: Go | Stop) -> None:
    if stage.child is not None:
        stage.child.tell(order)
