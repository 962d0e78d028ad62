"""What a running station puts on its board."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, DepotError, FrameError
from rushes.station.board import Board, BoardWriter, ChannelState, ConfigLine, EdgeState, News, StageState
from rushes.station.usage import cpu_seconds, own_bytes

if TYPE_CHECKING:
    from rushes.metrics import EdgeStats
    from rushes.station.channel import Channel
    from rushes.station.runner import Runner
    from rushes.station.stage import Stage

__all__ = ["Boarding", "shown_cold"]

_ARROW = " -> "
_EVERY_NS = 500_000_000
# What a live edge drops so that those who look see the newest. All else that is dropped is lost, but for what a busy
# machine keeps a source from: that is told apart, as nothing was lost that anybody had.
_LIVE = ("missed",)
_FOUND = ("workers busy", "stopped")
_WIRE = ("full", "no receiver", "stopped")
_LATE = ("late",)
# What cannot be recorded of a camera's own coding: what it sends before a connection's first key frame, and what waited
# when that was ended.
_CAMERA = ("no key frame", "closed")
_SOURCE = {"drop_newest": ("full", "leased")}


class Boarding:
    """Shows ``runner`` on its board twice a second. ConfigError when a station of its name runs here already,
    DepotError when none can be shown here.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._due_ns = 0
        self._started_ns = SYSTEM.wall_ns()
        try:
            self._writer = BoardWriter(runner.name)
        except DepotError as error:
            if not error.depot:
                raise  # there is no room for it, or its folder is nobody's
            raise ConfigError(
                f"a station called {runner.name!r} runs on this machine already: give this one another --name",
                option="station.name",
            ) from error

    def step(self, *, now: bool = False) -> None:
        """Shows what is the case, if it is time, or ``now``."""
        at_ns = SYSTEM.monotonic_ns()
        if not now and at_ns < self._due_ns:
            return
        self._due_ns = at_ns + _EVERY_NS
        board = self._board()
        try:
            self._writer.show(board)
        except FrameError:
            self._writer.show(msgspec.structs.replace(board, config=(), news=()))

    def close(self) -> None:
        """Takes the board down. Idempotent."""
        self._writer.close()

    def _board(self) -> Board:
        runner, plan = self._runner, self._runner.plan
        shots = plan.shots
        return Board(
            station=runner.name,
            pid=os.getpid(),
            started_ns=self._started_ns,
            now_ns=SYSTEM.wall_ns(),
            channels=tuple(self._channel(runner.channels[each.name]) for each in plan.channels),
            stages=tuple(self._stage(each) for each in runner.stages),
            edges=tuple(self._edges()),
            archive=None if plan.archive is None else os.path.abspath(plan.archive.folder),
            cold=None if plan.archive is None else shown_cold(plan.archive.cold),
            memory_bytes=sum(each.slots * each.frame_bytes for each in runner.channels.values()),
            memory_budget=plan.memory_bytes,
            processes_bytes=runner.ram_bytes,
            disk_bytes=0 if runner.archiver is None else runner.archiver.disk_bytes,
            disk_budget=None if plan.archive is None else plan.archive.max_bytes,
            web="" if runner.page is None else runner.page.url,
            shots={
                "folder": os.path.abspath(shots.folder),
                "template": shots.template,
                "pool": shots.pool,
                "timeout": shots.timeout_s,
                "tries": shots.tries,
            },
            config=tuple(ConfigLine(section=a, key=b, value=c, where=d) for a, b, c, d in plan.lines),
            news=tuple(News(at_ns=at_ns, text=text) for at_ns, text in runner.news.kept()),
        )

    def _channel(self, channel: Channel) -> ChannelState:
        opened, ages = channel.opened, channel.books.ages(whole_run=False)
        stats = None if channel.depot is None else channel.depot.stats()
        return ChannelState(
            name=channel.name,
            source=channel.shown_uri,
            state=channel.state,
            why=channel.condition.why or channel.books.unrecorded,
            since_ns=channel.condition.since_ns,
            fps=round(channel.fps, 2),
            fps_target=channel.fps_target,
            width=0 if opened is None else opened.width,
            height=0 if opened is None else opened.height,
            format=channel.plan.format,
            backend="" if opened is None else opened.backend,
            age_p50_s=ages.p50,
            age_p95_s=ages.p95,
            depot=channel.depot_name,
            slots=channel.slots,
            held=0 if stats is None else stats.held,
            slot_bytes=channel.frame_bytes,
            figures=channel.figures_name if channel.lines else "",
            recorded=channel.plan.record and self._runner.recorded_bytes is not None,
        )

    def _stage(self, stage: Stage) -> StageState:
        kind, channel = self._runner.kind_of(stage)
        return StageState(
            name=stage.name,
            kind=kind,
            channel=channel,
            pid=stage.pid,
            state=_state_of(stage),
            restarts=stage.restarts,
            cause=stage.failure or stage.cause,
            cpu_s=0.0 if stage.pid is None else cpu_seconds(stage.pid),
            rss_bytes=0 if stage.pid is None else own_bytes(stage.pid),
        )

    def _edges(self) -> list[EdgeState]:
        made = []
        for channel in self._runner.channels.values():
            edges = channel.books.edges(channel.name, channel.depot)
            made += [self._edge(each, channel) for each in edges]
        made += [self._edge(each.edge(), None) for each in self._runner.outlets]
        if self._runner.page is not None:
            viewers = self._runner.page.viewers.values()
            made += [EdgeState(**msgspec.structs.asdict(each)) for each in viewers]
        return made

    def _edge(self, edge: EdgeStats, channel: Channel | None) -> EdgeState:
        source, target = edge.name.split(_ARROW)
        allowed: tuple[str, ...] = ()
        if target == "wire":
            allowed = _WIRE
        elif target == "figures":
            allowed = _FOUND
        elif channel is not None and source == f"{channel.name} camera":
            allowed = _CAMERA
        elif channel is not None and target == channel.name:
            allowed = (*_LATE, *_SOURCE.get(channel.plan.when_full, ()))
        elif channel is not None and target not in (channel.books.recorder, "archive"):
            allowed = _LIVE
        return EdgeState(
            name=edge.name,
            source=self._shared(source, channel),
            target=self._shared(target, channel),
            channel="" if channel is None else channel.name,
            offered=edge.offered,
            delivered=edge.delivered,
            dropped=dict(edge.dropped),
            waiting=edge.waiting,
            limit=edge.limit,
            allowed=allowed,
        )

    def _shared(self, name: str, channel: Channel | None) -> str:
        """The stage that a channel's books call "front recorder" is one for all channels."""
        if channel is not None and name in (channel.books.recorder, channel.books.streamer):
            return name.removeprefix(f"{channel.name} ")
        return name


def shown_cold(address: str | None) -> str | None:
    """The cold store as other processes here can use it: one in the recorder's memory is nobody else's, and in an
    address that no archive opens there may be a password.
    """
    if address is None or address.startswith("memory:"):
        return None
    if "://" not in address:
        return os.path.abspath(address)
    return None if "@" in address or "?" in address else address


def _state_of(stage: Stage) -> str:
    if stage.child is not None:
        return "running"
    if stage.failure:
        return "failed"
    if stage.done:
        return "done"
    return "failing" if stage.failing else "restarting"
