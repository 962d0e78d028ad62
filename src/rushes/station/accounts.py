"""What a running station tells of itself: figures of now, and the account of its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.metrics import LatencySummary
from rushes.station.messages import Jobs
from rushes.station.report import ChannelReport, ChannelStatus, RunReport, Status
from rushes.station.usage import family, memory_bytes

if TYPE_CHECKING:
    from rushes.station.channel import Channel
    from rushes.station.runner import Runner

__all__ = ["Accounts"]

_WEIGH_NS = 1_000_000_000
_SELDOM_NS = 5_000_000_000


class Accounts:
    """Those of one ``runner``."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._ram = self._peak_ram = self._weighed_ns = 0

    @property
    def ram_bytes(self) -> int:
        """The memory of all processes, at most 5 s old."""
        self.weigh(_SELDOM_NS)
        return self._ram

    def status(self) -> Status:
        """The figures of now, and what happened since they were last asked for."""
        runner = self._runner
        self.weigh()
        pids = runner.pids
        channels = runner.channels.values()
        workers = {stage.name for channel in channels for stage in channel.workers}
        jobs = Jobs(0, 0) if runner.page is None else runner.page.jobs
        return Status(
            channels=tuple(_status_of(channel) for channel in runner.channels.values()),
            ram_bytes=self._ram,
            workers=sum(name in workers for name in pids),
            recorded_bytes=runner.recorded_bytes,
            restarts=sum(stage.restarts for stage in runner.stages),
            running_s=runner.running_s,
            news=runner.news.take(),
            receivers=sum(each.peers for each in runner.outlets) if runner.outlets else None,
            jobs_running=jobs.running,
            jobs_waiting=jobs.waiting,
        )

    def report(self, reason: str, duration_s: float, problems: list[str]) -> RunReport:
        """The account of the run."""
        runner = self._runner
        for channel in runner.channels.values():
            problems += channel.books.problems()
        archiver = runner.archiver
        recorded = archiver is not None and not archiver.stage.failure
        return RunReport(
            station=runner.name,
            reason=reason,
            duration_s=duration_s,
            channels=tuple(_report_of(each, duration_s) for each in runner.channels.values()),
            restarts={stage.name: stage.restarts for stage in runner.stages},
            peak_ram_bytes=self._peak_ram,
            problems=tuple(problems),
            archive=archiver.plan.folder if archiver is not None and recorded else None,
            recorded_bytes=runner.recorded_bytes,
            streams=tuple(each.report() for each in runner.outlets),
            page="" if runner.page is None else runner.page.url,
        )

    def weigh(self, every_ns: int = _WEIGH_NS) -> None:
        """Looks at the memory if that was ``every_ns`` ago: it walks the page tables of every process."""
        now_ns = SYSTEM.monotonic_ns()
        if not self._weighed_ns or now_ns - self._weighed_ns >= every_ns:
            self._weighed_ns = now_ns
            self._ram = memory_bytes([os.getpid(), *family(self._runner.pids.values())])
            self._peak_ram = max(self._peak_ram, self._ram)


def _status_of(channel: Channel) -> ChannelStatus:
    stats = channel.look(SYSTEM.monotonic_ns())
    if stats is None or channel.depot is None:
        return ChannelStatus(channel.name, channel.state, 0.0, LatencySummary(), 0, channel.slots, 0)
    edges = channel.books.edges(channel.name, channel.depot)
    return ChannelStatus(
        channel.name,
        channel.state,
        channel.fps,
        channel.books.ages(whole_run=False),
        stats.held,
        stats.slots,
        sum(edge.dropped_total for edge in edges),
    )


def _report_of(channel: Channel, duration_s: float) -> ChannelReport:
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
        slots=channel.slots,
        depot_bytes=channel.slots * channel.frame_bytes,
        fps=stats.stored / duration_s if stats is not None and duration_s > 0 else 0.0,
        ages=channel.books.ages(whole_run=True),
        edges=channel.books.edges(channel.name, channel.depot),
    )
