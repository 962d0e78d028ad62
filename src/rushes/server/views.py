"""The board of the station and what the web process counts, turned into answers."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import rushes
from rushes.server.answers import (
    ChannelAnswer,
    DepotAnswer,
    EdgeAnswer,
    NewsAnswer,
    Pipeline,
    StageAnswer,
    StateAnswer,
    StationAnswer,
    Stats,
    Usage,
    WebStats,
)
from rushes.server.health import health
from rushes.server.history import lost_of

if TYPE_CHECKING:
    from rushes.server.state import ServerState
    from rushes.station.board import Board, ChannelState, EdgeState, StageState

__all__ = ["channel_view", "channels", "edges", "health", "pipeline", "stages", "station", "stats", "whole"]


def station(state: ServerState) -> StationAnswer:
    """The station at a glance."""
    board = state.board()
    return StationAnswer(
        name=board.station,
        version=rushes.__version__,
        pid=board.pid,
        started=board.started_ns / 1e9,
        now=board.now_ns / 1e9,
        host=socket.gethostname(),
        health=health(state, board),
        memory=Usage(used=board.memory_bytes, budget=board.memory_budget),
        processes=Usage(used=board.processes_bytes),
        disk=Usage(used=board.disk_bytes, budget=board.disk_budget),
        archive=board.archive is not None,
        web=board.web,
        stations=list(state.fleet.list()),
        needs_login=state.auth.needed,
        news=_news(state, board),
    )


def channels(state: ServerState) -> list[ChannelAnswer]:
    """All channels, this station's first."""
    board = state.board()
    known = state.all_edges()
    own = [channel_view(board, each, known) for each in board.channels]
    return [*own, *state.fleet.channels()]


def channel_view(board: Board, channel: ChannelState, known: list[EdgeState]) -> ChannelAnswer:
    """One channel of this station."""
    mine = [edge for edge in known if edge.channel == channel.name]
    return ChannelAnswer(
        name=channel.name,
        station=board.station,
        source=channel.source,
        fps=channel.fps,
        fps_target=channel.fps_target,
        width=channel.width,
        height=channel.height,
        format=channel.format,
        state=channel.state,
        why=channel.why,
        since=channel.since_ns / 1e9,
        age_p50_ms=channel.age_p50_s * 1000,
        age_p95_ms=channel.age_p95_s * 1000,
        dropped=sum(sum(edge.dropped.values()) for edge in mine),
        lost=sum(lost_of(edge) for edge in mine),
        recorded=channel.recorded,
        figures=bool(channel.figures),
        backend=channel.backend,
        depot=DepotAnswer(
            name=channel.depot, slots=channel.slots, held=channel.held, slot_bytes=channel.slot_bytes
        ),
    )


def edges(state: ServerState) -> list[EdgeAnswer]:
    """The station's ledgers and the web process's own."""
    return [_edge(state, each) for each in state.all_edges()]


def stages(state: ServerState) -> list[StageAnswer]:
    """All lines of work."""
    return [_stage(each) for each in state.board().stages]


def pipeline(state: ServerState) -> Pipeline:
    """How frames flow."""
    return Pipeline(stages=stages(state), edges=edges(state))


def stats(state: ServerState) -> Stats:
    """All counters."""
    jobs = state.work.stats()
    web = WebStats(
        pid=os.getpid(),
        started=state.started_ns / 1e9,
        requests=state.requests,
        state_sockets=state.sockets,
        jobs_waiting=jobs.waiting,
        jobs_running=jobs.running,
    )
    return Stats(station=station(state), channels=channels(state), edges=edges(state), web=web)


def whole(state: ServerState) -> StateAnswer:
    """What a page shows."""
    return StateAnswer(
        station=station(state),
        channels=channels(state),
        jobs=state.jobs(),
        edges=edges(state),
        stages=stages(state),
    )


def _news(state: ServerState, board: Board) -> list[NewsAnswer]:
    told = [NewsAnswer(t=each.at_ns / 1e9, text=each.text) for each in board.news]
    return sorted([*told, *state.fleet.news()], key=lambda each: each.t)


def _edge(state: ServerState, edge: EdgeState) -> EdgeAnswer:
    came, went = state.history.rates(edge.name)
    dropped = sum(edge.dropped.values())
    return EdgeAnswer(
        name=edge.name,
        source=edge.source,
        target=edge.target,
        channel=edge.channel,
        offered=edge.offered,
        delivered=edge.delivered,
        dropped=dict(edge.dropped),
        waiting=edge.waiting,
        limit=edge.limit,
        allowed=list(edge.allowed),
        fps_in=came,
        fps_out=went,
        lost=lost_of(edge),
        adds_up=edge.waiting >= 0 and edge.offered == edge.delivered + dropped + edge.waiting,
    )


def _stage(stage: StageState) -> StageAnswer:
    return StageAnswer(
        name=stage.name,
        kind=stage.kind,
        channel=stage.channel,
        pid=stage.pid,
        state=stage.state,
        restarts=stage.restarts,
        cause=stage.cause,
        cpu=stage.cpu_s,
        rss=stage.rss_bytes,
    )
