"""One channel of a running station: its source's process, its depot, and the processes that read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.codecs.video.redact import redact
from rushes.errors import DepotError
from rushes.station.books import Books
from rushes.station.condition import Condition
from rushes.station.making import make_depot, make_figures
from rushes.station.messages import (
    Done,
    Go,
    Opened,
    Ready,
    Recorded,
    SourceTask,
    Stop,
    Streamed,
    Trouble,
    Worked,
)
from rushes.station.stage import Stage
from rushes.station.workline import WorkLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rushes.depot import Depot, DepotStats
    from rushes.station.messages import Word
    from rushes.station.plan import ChannelPlan, Meeting, WorkPlan

__all__ = ["Channel"]

_JOIN_NS = 5_000_000_000
_AHEAD_NS = 100_000_000
_FIRST_NS = 2_000_000_000  # how long a first frame is waited for, from when it is due


class Channel:
    """Begins when its source says how large its pictures are: only then can its depot be made.

    One thread, which also runs the supervisor that the ``stages`` are given to. ``say`` takes what users are to
    know, in one line. ``recorder`` and ``streamer``: the stages that record and stream it, along with other channels.
    ``room``: how many bytes its depot may take. ``works``: what is called with its frames, each with where its workers
    meet.
    """

    def __init__(
        self,
        plan: ChannelPlan,
        depot: str,
        say: Callable[[str], object],
        recorder: Stage | None = None,
        streamer: Stage | None = None,
        room: Callable[[], int | None] = lambda: None,
        works: Sequence[tuple[WorkPlan, Meeting]] = (),
    ) -> None:
        self.plan = plan
        self.name = plan.name
        self.depot_name = depot
        self.depot: Depot | None = None
        self.slots = plan.slots
        self.opened: Opened | None = None
        self.failure = ""
        self.ended = ""
        """Why the source has no more; empty while it may have."""
        self.source = Stage(f"{plan.name} source", self._source_task)
        self.figures_name = f"{depot}.figures"
        self._figures: Depot | None = None
        self.lines = [WorkLine(each, depot, self.figures_name, at, self._position) for each, at in works]
        # By what they are called in this channel's books and depot.
        self._shared = {f"{plan.name} {each.name}": each for each in (recorder, streamer) if each is not None}
        self.books = Books(
            None if recorder is None else f"{plan.name} {recorder.name}",
            None if streamer is None else f"{plan.name} {streamer.name}",
            [each.name for each in self.lines],
            copied=plan.copy_from is not None,
        )
        self._say, self._room = say, room
        self._ready: set[Stage] = set()
        self._joined: set[Stage] = set()
        self._start_ns = self._due_ns = 0
        self.flows = False
        """Whether it has given a frame."""
        self.condition = Condition(plan.name, say, SYSTEM.wall_ns())
        self.fps = 0.0

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All its lines of work, the source first."""
        return self.source, *(stage for line in self.lines for stage in line.stages)

    @property
    def takers(self) -> list[Stage]:
        """Those of its own that take frames from its depot."""
        return [line.dealer for line in self.lines]

    @property
    def workers(self) -> list[Stage]:
        """Those that call a function on its frames."""
        return [stage for line in self.lines for stage in line.workers]

    @property
    def state(self) -> str:
        """One of those of its condition."""
        return self.condition.state

    @property
    def begun(self) -> bool:
        """Whether the source was told to begin."""
        return self._start_ns > 0

    @property
    def settled(self) -> bool:
        """Whether it begins, or never will."""
        return self.begun or bool(self.failure or self.source.failure)

    @property
    def awaited(self) -> bool:
        """Whether its first frame is to be waited for: it is not there, has not had its time, and may come."""
        over = self.begun and SYSTEM.monotonic_ns() >= self._start_ns + _FIRST_NS
        return not (self.flows or over or self.ended or self.failure or self.source.failure)

    @property
    def shown_uri(self) -> str:
        """The source's address, without a password."""
        return redact(self.plan.uri)

    @property
    def fps_target(self) -> float:
        """How many frames a second it is to give; 0 before that is known."""
        return self.plan.fps or (0.0 if self.opened is None else self.opened.fps)

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
        elif isinstance(word, Recorded):
            self._joined.add(stage)
            if told := self.books.hear_recorder(word):
                self._say(f"{self.name} {told}")
        elif isinstance(word, Streamed):
            self._joined.add(stage)
            self.books.hear_streamer(word)
        elif isinstance(word, Worked):
            self._joined.add(stage)
            self.books.hear_dealer(stage.name, word)
        elif isinstance(word, Trouble) and stage is self.source:
            self.condition.hear(word.text)
        elif isinstance(word, Done):
            self.ended = word.reason
            stage.done = True

    def died(self, stage: Stage) -> None:
        """One of its processes ended before its time."""
        if stage is self.source:
            self.condition.hear(stage.cause)
        if stage is not self.source and stage not in self.workers:
            self._ready.discard(stage)
            self._joined.discard(stage)
            self.books.died(stage.name if stage in self.takers else f"{self.name} {stage.name}")

    def advance(self, now_ns: int) -> None:
        """Lets the source begin once its readers have joined the depot, or have had time to."""
        # Not the recorder that takes its own connection to the camera: it joins no depot.
        shared = [each for name, each in self._shared.items() if name in self.books.readers]
        takers = {*self.takers, *(each for each in shared if not each.failure)}
        joined = takers <= self._joined or now_ns >= self._due_ns
        if self.depot is not None and not self.begun and joined:
            # A moment ahead, in which the process hears of it and joins the depot: else the first are late.
            self._start_ns = SYSTEM.monotonic_ns() + _AHEAD_NS
            self.condition.begin(now_ns)
            _tell(self.source, Go(self._start_ns))

    def look(self, now_ns: int) -> DepotStats | None:
        """Notes the depot's counters, and what state they show; None before there is a depot."""
        if self.depot is None:
            return None
        stats = self.depot.stats()
        takers = {**{each.name: each for each in self.takers}, **self._shared}
        pids = {name: each.pid for name, each in takers.items() if each.pid is not None}
        self.books.look(stats, pids)
        self._mark_age()
        if self.begun:
            self.flows = self.flows or stats.stored > 0
            self.fps = self.books.rate(stats.stored, now_ns)
            self.condition.look(
                stats.stored,
                now_ns,
                SYSTEM.wall_ns(),
                fps=self.fps if self.books.rated else None,
                target=self.fps_target,
                ended=self.ended,
                cause=self.source.cause if self.source.died_ns else "",
            )
        return stats

    def _mark_age(self) -> None:
        """From drawing to the depot: what becomes of a frame behind that is each reader's own."""
        newest = None if self.depot is None else self.depot.newest()
        if newest is not None:
            with newest:
                self.books.mark((newest.published_ns - newest.captured_ns) / 1e9, newest.sequence)

    def stop_source(self) -> None:
        """Tells the source's process to end."""
        _tell(self.source, Stop())

    def stop_takers(self) -> None:
        """Tells those to end who take frames, once they have had all that is there."""
        for stage in self.takers:
            _tell(stage, Stop())

    def stop_workers(self) -> None:
        """Tells those to end who call a function: after the takers, who wait for what they have."""
        for stage in self.workers:
            _tell(stage, Stop())

    @property
    def let_go(self) -> bool:
        """Whether those who serve several channels have had their last word on this one."""
        return all(each.child is None or self.books.is_final(name) for name, each in self._shared.items())

    def close(self) -> None:
        """Gives the memory back. Idempotent."""
        for depot in (self.depot, self._figures):
            if depot is not None and not depot.closed:
                depot.unlink()
                depot.close()

    def _open(self, opened: Opened) -> None:
        self.opened = opened
        self.condition.hear("")
        if self.depot is None:
            self._make_depot(opened)
        if self.begun:
            _tell(self.source, Go(self._start_ns))  # a restarted one keeps to the deadlines of the first

    def _make_depot(self, opened: Opened) -> None:
        try:
            made = make_depot(self.plan, self.depot_name, opened, self._room(), self._say)
            if self.lines:
                self._figures = make_figures(self.figures_name)
        except DepotError as error:
            self.failure = str(error)
            return
        self.depot, self.slots = made, made.slots or self.plan.slots
        self._due_ns = SYSTEM.monotonic_ns() + _JOIN_NS
        for stage in self._ready:
            _tell(stage, Go(0))

    def _position(self, reader: str) -> int:
        return self.books.readers[reader].position

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


def _tell(stage: Stage, order: Go | Stop) -> None:
    if stage.child is not None:
        stage.child.tell(order)
