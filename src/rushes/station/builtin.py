"""The station that runs without a file: each source in a process of its own, its depot, readers of it, one
process that records them all, and one that streams them all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.lifecycle import Closeable
from rushes.metrics import LatencySummary
from rushes.station.channel import Channel
from rushes.station.messages import Recorded, RecorderTask, Stop
from rushes.station.outlet import Outlet
from rushes.station.processes import Stage, Supervisor
from rushes.station.report import ChannelReport, ChannelStatus, RunReport, Status
from rushes.station.usage import memory_bytes

if TYPE_CHECKING:
    from rushes.lifecycle import StopToken
    from rushes.station.messages import Word
    from rushes.station.plan import Plan

__all__ = ["BuiltinStation"]

_READY_S = 15.0
_SOURCE_END_S = 3.0
_DRAIN_S = 4.0
_SHARED_END_S = 15.0
_WEIGH_NS = 1_000_000_000


class BuiltinStation(Closeable):
    """Runs a plan: ``start``, then ``step`` and ``status`` until enough, then ``finish``; ``close`` in any
    case.

    All from one thread, which must live as long as the station.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.name = plan.station
        self._news: list[str] = []
        self._ram = self._peak_ram = self._weigh_due_ns = 0
        self._start_ns = 0
        self.channels: dict[str, Channel] = {}
        self.recorder = Stage("recorder", self._recorder_task) if plan.archive is not None else None
        self.outlet: Outlet | None = None
        if plan.stream is not None:
            self.outlet = Outlet(plan.stream, plan.station, self.channels, self._news_of)
        streamer = None if self.outlet is None else self.outlet.stage
        for each in plan.channels:
            made = Channel(each, plan.depot(each), self._news_of, self.recorder, streamer)
            self.channels[each.name] = made
        self._shared = [each for each in (self.recorder, streamer) if each is not None]
        self._of = {id(stage): channel for channel in self.channels.values() for stage in channel.stages}
        self._supervisor = Supervisor(
            [*self._shared, *(stage for channel in self.channels.values() for stage in channel.stages)],
            on_word=self._on_word,
            on_death=self._on_death,
        )

    @property
    def failure(self) -> str:
        """Which stage was given up, and why; empty while none was."""
        given_up = (
            f"{each.name}: {each.failure}"
            for each in self._supervisor.stages
            # Where somebody else records already, running without is better than not running.
            if each.failure and not each.elsewhere
        )
        no_room = (f"{each.name}: {each.failure}" for each in self.channels.values() if each.failure)
        return next(iter((*given_up, *no_room)), "")

    @property
    def ended(self) -> bool:
        """Whether every source has come to its end."""
        return all(channel.ended for channel in self.channels.values())

    @property
    def pids(self) -> dict[str, int]:
        """The processes running now, by stage."""
        return {each.name: each.pid for each in self._supervisor.stages if each.pid is not None}

    @property
    def running_s(self) -> float:
        """Seconds since the first channel began; 0 before."""
        return (SYSTEM.monotonic_ns() - self._start_ns) / 1e9 if self._start_ns else 0.0

    @property
    def recorded_bytes(self) -> int | None:
        """How much this run has recorded so far; None when it does not."""
        if self.recorder is None or self.recorder.failure:
            return None
        books = (channel.books.recorded for channel in self.channels.values())
        return sum(book.bytes_total for book in books)

    def start(self, stop: StopToken) -> None:
        """Starts the processes; back once every channel has begun, or when 15 s have passed.

        A camera that is not there by then begins when it comes. ConfigError for an address to stream on that cannot
        be had.
        """
        self._check_open()
        if self.outlet is not None:
            self.outlet.claim()
        self._supervisor.start()
        until_ns = SYSTEM.monotonic_ns() + int(_READY_S * 1e9)
        while SYSTEM.monotonic_ns() < until_ns and not stop.stopped and not self.failure:
            self._supervisor.step(0.1)
            self._advance()
            if all(channel.settled for channel in self.channels.values()):
                break
        self._start_ns = SYSTEM.monotonic_ns()
        depots = [each.depot_name for each in self.channels.values() if each.depot is not None]
        if depots and self.outlet is None:
            self._news_of(f"other programs on this machine see it too: rushes recv shm://{depots[0]}")

    def step(self, timeout_s: float, stop: StopToken) -> None:
        """Serves the processes for about ``timeout_s`` seconds, or until told to stop."""
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        while (left_ns := until_ns - SYSTEM.monotonic_ns()) > 0 and not stop.stopped:
            self._supervisor.step(left_ns / 1e9)
            self._advance()

    def status(self) -> Status:
        """The figures of now, and what happened since they were last asked for."""
        self._weigh()
        channels = tuple(self._status_of(channel) for channel in self.channels.values())
        news, self._news[:] = tuple(self._news), []
        readers = {stage.name for channel in self.channels.values() for stage in channel.readers}
        return Status(
            channels=channels,
            ram_bytes=self._ram,
            readers=sum(name in readers for name in self.pids),
            recorded_bytes=self.recorded_bytes,
            restarts=sum(stage.restarts for stage in self._supervisor.stages),
            running_s=self.running_s,
            news=news,
            receivers=None if self.outlet is None else self.outlet.peers,
        )

    def finish(self, reason: str) -> RunReport:
        """Ends in order: the sources, then the readers once they have read all, then the depots.

        Returns the account of the run. A stage that does not end within seconds is killed and named in it.
        """
        duration_s, failure = self.running_s, self.failure
        self._weigh()
        channels = list(self.channels.values())
        for channel in channels:
            channel.stop_source()
        stuck = self._supervisor.see_out([channel.source for channel in channels], _SOURCE_END_S)
        for stage in self._shared:
            if stage.child is not None:
                stage.child.tell(Stop())
        for channel in channels:
            channel.look(SYSTEM.monotonic_ns())
            channel.stop_readers()
        takers = [each for channel in channels for each in channel.readers]
        stuck += self._supervisor.see_out(takers, _DRAIN_S)
        # Told to end together with the readers; files take longer to end than they do.
        stuck += self._supervisor.see_out(self._shared, _SHARED_END_S)
        problems = [failure] if failure else []
        problems += [f"{stage.name} did not end when told to" for stage in stuck]
        report = self._account("failed" if failure else reason, duration_s, problems)
        self.close()
        return report

    def _account(self, reason: str, duration_s: float, problems: list[str]) -> RunReport:
        channels = tuple(self._report_of(each, duration_s) for each in self.channels.values())
        for channel in self.channels.values():
            problems += channel.books.problems()
        return RunReport(
            station=self.plan.station,
            reason=reason,
            duration_s=duration_s,
            channels=channels,
            restarts={stage.name: stage.restarts for stage in self._supervisor.stages},
            peak_ram_bytes=self._peak_ram,
            problems=tuple(problems),
            archive=self.plan.archive if self.recorder is not None and not self.recorder.failure else None,
            recorded_bytes=self.recorded_bytes,
            stream=None if self.outlet is None else self.outlet.report(),
        )

    def _report_of(self, channel: Channel, duration_s: float) -> ChannelReport:
        stats = None if channel.depot is None else channel.depot.stats()
        opened = channel.opened
        return ChannelReport(
            name=channel.name,
            source=channel.shown_uri,
            state=channel.state,
            width=0 if opened is None else opened.width,
            height=0 if opened is None else opened.height,
            backend="" if opened is None else opened.backend,
            depot=channel.depot_name,
            slots=channel.plan.slots,
            depot_bytes=channel.plan.slots * channel.frame_bytes,
            fps=stats.stored / duration_s if stats is not None and duration_s > 0 else 0.0,
            ages=channel.books.ages(whole_run=True),
            edges=() if channel.depot is None else channel.books.edges(channel.name, channel.depot),
            strips_read=channel.books.strips_read,
        )

    def _status_of(self, channel: Channel) -> ChannelStatus:
        stats = channel.look(SYSTEM.monotonic_ns())
        if stats is None or channel.depot is None:
            return ChannelStatus(channel.name, channel.state, 0.0, LatencySummary(), 0, channel.plan.slots, 0)
        edges = channel.books.edges(channel.name, channel.depot)
        return ChannelStatus(
            channel.name,
            channel.state,
            channel.books.rate(stats.stored, SYSTEM.monotonic_ns()),
            channel.books.ages(whole_run=False),
            stats.held,
            stats.slots,
            sum(edge.dropped_total for edge in edges),
        )

    def _close(self) -> None:
        self._supervisor.close()
        for channel in self.channels.values():
            channel.close()

    def _advance(self) -> None:
        now_ns = SYSTEM.monotonic_ns()
        for channel in self.channels.values():
            channel.advance(now_ns)
            channel.look(now_ns)

    def _on_word(self, stage: Stage, word: Word) -> None:
        if stage not in self._shared:
            self._of[id(stage)].hear(stage, word)
        elif self.outlet is not None and stage is self.outlet.stage:
            self.outlet.hear(word)
        elif isinstance(word, Recorded) and word.channel in self.channels:
            self.channels[word.channel].hear(stage, word)

    def _on_death(self, stage: Stage, cause: str) -> None:
        for channel in self.channels.values() if stage in self._shared else [self._of[id(stage)]]:
            channel.died(stage)
        if self.outlet is not None and stage is self.outlet.stage:
            self.outlet.died()
        self._news_of(f"not recorded: {cause}" if stage.elsewhere else f"{stage.name} ended: {cause}")

    def _recorder_task(self) -> RecorderTask:
        return RecorderTask(
            name="recorder",
            depot="",
            parent=os.getpid(),
            archive=self.plan.archive or "",
            max_bytes=self.plan.archive_bytes,
            channels={each.name: each.depot_name for each in self.channels.values()},
            starts={
                each.name: each.books.readers[each.books.recorder].position
                for each in self.channels.values()
                if each.books.recorder is not None
            },
        )

    def _news_of(self, line: str) -> None:
        self._news.append(line)

    def _weigh(self) -> None:
        # Weighing walks the page tables of every process: a thing to do once a second, not with every line.
        now_ns = SYSTEM.monotonic_ns()
        if now_ns >= self._weigh_due_ns:
            self._weigh_due_ns = now_ns + _WEIGH_NS
            self._ram = memory_bytes([os.getpid(), *self.pids.values()])
            self._peak_ram = max(self._peak_ram, self._ram)
