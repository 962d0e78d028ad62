"""The station that runs without a file: an animated test card in its own process, a depot, and readers of
it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.lifecycle import Closeable
from rushes.station.books import Books
from rushes.station.messages import CardTask, Go, ReaderTask, Ready, Report, Stop, Word
from rushes.station.processes import Stage, Supervisor
from rushes.station.report import RunReport, Status
from rushes.station.usage import memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.lifecycle import StopToken

__all__ = ["BuiltinStation", "Plan"]

_CARD = "testcard"
_READY_S = 15.0
_CARD_END_S = 2.0
_DRAIN_S = 4.0
_WEIGH_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. i420, because it is half of bgr24 and what JPEG and H.264 are made from."""

    station: str = field(default_factory=lambda: f"rushes-up-{os.getpid()}")
    channel: str = "card"
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    format: str = "i420"
    slots: int = 16
    readers: tuple[str, ...] = ("reader 1", "reader 2")

    @property
    def depot(self) -> str:
        """The depot's name."""
        return f"{self.station}-{self.channel}"

    @property
    def shape(self) -> tuple[int, int]:
        """Of one frame's array."""
        return self.height * 3 // 2, self.width

    @property
    def budget_bytes(self) -> int:
        """Shared memory for frames; all of it is taken at the start."""
        return self.slots * self.shape[0] * self.shape[1]


class BuiltinStation(Closeable):
    """Runs a plan: ``start``, then ``step`` and ``status`` until enough, then ``finish``; ``close`` in any
    case.

    All from one thread, which must live as long as the station.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.name = plan.station
        self._books = Books(_CARD, "depot", plan.readers)
        self._ready: set[str] = set()
        self._news: list[str] = []
        self._ram = self._peak_ram = self._weigh_due_ns = 0
        self._start_ns = 0
        self._depot: Depot | None = None
        self._supervisor = Supervisor(
            [Stage(_CARD, self._card_task), *(Stage(name, self._reader_task(name)) for name in plan.readers)],
            on_word=self._on_word,
            on_death=self._on_death,
        )

    @property
    def failure(self) -> str:
        """Which stage was given up, and why; empty while none was."""
        return next((f"{each.name}: {each.failure}" for each in self._supervisor.stages if each.failure), "")

    @property
    def pids(self) -> dict[str, int]:
        """The processes running now, by stage."""
        return {each.name: each.pid for each in self._supervisor.stages if each.pid is not None}

    @property
    def depot(self) -> Depot:
        """The depot, from ``start`` to ``close``."""
        self._check_open()
        if self._depot is None:
            self._depot = Depot.create(
                self.plan.depot, slots=self.plan.slots, shape=self.plan.shape, replace="stale"
            )
        return self._depot

    @property
    def running_s(self) -> float:
        """Seconds since the first frame was due; 0 before."""
        return (SYSTEM.monotonic_ns() - self._start_ns) / 1e9 if self._start_ns else 0.0

    def start(self, stop: StopToken) -> None:
        """Takes the memory, starts the processes, and begins once all are ready or have had 15 s to be.

        Raises DepotError when the memory cannot be had; nothing is left behind.
        """
        depot = self.depot
        self._supervisor.start()
        until_ns = SYSTEM.monotonic_ns() + int(_READY_S * 1e9)
        while not self._all_ready() and SYSTEM.monotonic_ns() < until_ns:
            if stop.stopped or self.failure:
                return
            self._supervisor.step(0.1)
        self._start_ns = SYSTEM.monotonic_ns()
        self._books.rate(depot.stats().stored, self._start_ns)
        _tell(self._supervisor.stages[0], Go(self._start_ns))

    def step(self, timeout_s: float, stop: StopToken) -> None:
        """Serves the processes for about ``timeout_s`` seconds, or until told to stop."""
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        while (left_ns := until_ns - SYSTEM.monotonic_ns()) > 0 and not stop.stopped:
            self._supervisor.step(left_ns / 1e9)
        self._books.look(self.depot.stats(), self.pids)

    def status(self) -> Status:
        """The figures of now, and what happened since they were last asked for."""
        stats = self.depot.stats()
        self._books.look(stats, self.pids)
        self._weigh()
        ages = self._books.ages(whole_run=False)
        news, self._news = tuple(self._news), []
        return Status(
            fps=self._books.rate(stats.stored, SYSTEM.monotonic_ns()),
            age_p50_s=ages.p50,
            age_p95_s=ages.p95,
            held=stats.held,
            slots=stats.slots,
            dropped=sum(edge.dropped_total for edge in self._books.edges(self.depot, stats)),
            ram_bytes=self._ram,
            readers=sum(name in self._books.readers for name in self.pids),
            restarts=sum(stage.restarts for stage in self._supervisor.stages),
            running_s=self.running_s,
            news=news,
        )

    def finish(self, reason: str) -> RunReport:
        """Ends in order: the source, then the readers once they have read all, then the depot.

        Returns the account of the run. A stage that does not end within seconds is killed and named in it.
        """
        depot = self.depot
        duration_s, failure = self.running_s, self.failure
        self._weigh()
        card, *readers = self._supervisor.stages
        _tell(card, Stop())
        stuck = self._supervisor.see_out([card], _CARD_END_S)
        self._books.look(depot.stats(), self.pids)
        for reader in readers:
            _tell(reader, Stop(depot.head))
        stuck += self._supervisor.see_out(readers, _DRAIN_S)
        problems = [failure] if failure else []
        problems += [f"{stage.name} did not end when told to" for stage in stuck]
        report = self._account("failed" if failure else reason, duration_s, problems)
        self.close()
        return report

    def _account(self, reason: str, duration_s: float, problems: list[str]) -> RunReport:
        stats = self.depot.stats()
        return RunReport(
            station=self.plan.station,
            depot=stats.name,
            depot_bytes=self.plan.budget_bytes,
            slots=stats.slots,
            reason=reason,
            duration_s=duration_s,
            fps=stats.stored / duration_s if duration_s > 0 else 0.0,
            ages=self._books.ages(whole_run=True),
            edges=self._books.edges(self.depot, stats),
            restarts={stage.name: stage.restarts for stage in self._supervisor.stages},
            strips_read=self._books.strips_read,
            peak_ram_bytes=self._peak_ram,
            problems=(*problems, *self._books.problems()),
        )

    def _close(self) -> None:
        self._supervisor.close()
        if self._depot is not None:
            self._depot.unlink()
            self._depot.close()

    def _all_ready(self) -> bool:
        return len(self._ready) == len(self._supervisor.stages)

    def _card_task(self) -> CardTask:
        plan = self.plan
        return CardTask(
            name=_CARD,
            depot=plan.depot,
            parent=os.getpid(),
            width=plan.width,
            height=plan.height,
            fps=plan.fps,
            format=plan.format,
        )

    def _reader_task(self, name: str) -> Callable[[], ReaderTask]:
        book = self._books.readers[name]
        return lambda: ReaderTask(depot=self.plan.depot, parent=os.getpid(), name=name, start=book.position)

    def _on_word(self, stage: Stage, word: Word) -> None:
        if isinstance(word, Ready):
            self._ready.add(stage.name)
            if stage.name == _CARD and self._start_ns:
                _tell(stage, Go(self._start_ns))  # a restarted one keeps to the deadlines of the first
        elif isinstance(word, Report):
            self._books.hear(stage.name, word)

    def _on_death(self, stage: Stage, cause: str) -> None:
        if stage.name in self._books.readers:
            self._books.died(stage.name)
        self._news.append(f"{stage.name} ended: {cause}")

    def _weigh(self) -> None:
        # Weighing walks the page tables of every process: a thing to do once a second, not with every line.
        now_ns = SYSTEM.monotonic_ns()
        if now_ns >= self._weigh_due_ns:
            self._weigh_due_ns = now_ns + _WEIGH_NS
            self._ram = memory_bytes([os.getpid(), *self.pids.values()])
            self._peak_ram = max(self._peak_ram, self._ram)


def _tell(stage: Stage, order: Go | Stop) -> None:
    if stage.child is not None:
        stage.child.tell(order)
