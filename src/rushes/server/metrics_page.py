"""All counters as Prometheus reads them. The one place that knows its library, which is loaded when it is asked."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

from rushes.errors import RushesError
from rushes.server.edges import GLASS_BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rushes.server.state import ServerState
    from rushes.station.board import Board, ChannelState

__all__ = ["exposition"]


def exposition(state: ServerState) -> tuple[bytes, str]:
    """The text, and its media type. What is on the board is given by the board's moment, in one piece, so that
    each ledger adds up.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    registry: Any = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(state))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    def __init__(self, state: ServerState) -> None:
        self._state = state

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        yield from _web(self._state)
        for name, value in self._state.fleet.figures().items():
            yield _gauge(f"rushes_fleet_{name}", f"Stations at the hub: {name.replace('_', ' ')}", value)
        try:
            board = self._state.board()
        except RushesError:  # no station: that is what rushes_up tells
            yield _gauge("rushes_up", "Whether the station answers", 0)
            return
        silent_s = self._state.clock.wall_ns() / 1e9 - board.now_ns / 1e9
        yield _gauge("rushes_up", "Whether the station answers", int(silent_s < 5))
        yield from _edges(self._state)
        yield from _station(board)
        yield from _channels(board)
        yield from _stages(board)


def _edges(state: ServerState) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    offered = CounterMetricFamily("rushes_edge_offered", "Frames that came to an edge", labels=["edge"])
    delivered = CounterMetricFamily("rushes_edge_delivered", "Frames that passed it", labels=["edge"])
    dropped = CounterMetricFamily("rushes_edge_dropped", "Frames that never will", labels=["edge", "reason"])
    waiting = GaugeMetricFamily("rushes_edge_waiting", "Frames without an outcome yet", labels=["edge"])
    for edge in state.all_edges():
        offered.add_metric([edge.name], edge.offered)
        delivered.add_metric([edge.name], edge.delivered)
        waiting.add_metric([edge.name], edge.waiting)
        for reason, count in sorted(edge.dropped.items()):
            dropped.add_metric([edge.name, reason], count)
    yield from (offered, delivered, dropped, waiting)


def _station(board: Board) -> Iterator[Any]:
    yield _gauge(
        "rushes_depots_memory_bytes", "Memory that the depots of all channels take", board.memory_bytes
    )
    told = "Memory of all processes, what they share (depots too) counted once"
    yield _gauge("rushes_processes_memory_bytes", told, board.processes_bytes)
    yield _gauge("rushes_disk_bytes", "Disk that its recordings take", board.disk_bytes)
    if board.memory_budget is not None:
        told = "Memory that the depots of all channels may take"
        yield _gauge("rushes_depots_memory_budget_bytes", told, board.memory_budget)
    if board.disk_budget is not None:
        yield _gauge("rushes_disk_budget_bytes", "Disk that its recordings may take", board.disk_budget)
    yield _gauge("rushes_started_seconds", "When it was started", board.started_ns / 1e9)


def _channels(board: Board) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily

    rows: Mapping[str, tuple[str, Callable[[ChannelState], float]]] = {
        "rushes_channel_live": ("Whether the channel is live", lambda each: int(each.state == "live")),
        "rushes_channel_fps": ("Frames a second", lambda each: each.fps),
        "rushes_channel_fps_target": ("Frames a second that it should have", lambda each: each.fps_target),
        "rushes_depot_slots": ("Slots of its depot", lambda each: each.slots),
        "rushes_depot_held": ("Slots that hold a frame", lambda each: each.held),
        "rushes_depot_bytes": ("Bytes of its depot", lambda each: each.slots * each.slot_bytes),
    }
    for name, (told, value) in rows.items():
        family = GaugeMetricFamily(name, told, labels=["channel"])
        for each in board.channels:
            family.add_metric([each.name], value(each))
        yield family
    ages = GaugeMetricFamily(
        "rushes_frame_age_seconds", "From capture to the depot", labels=["channel", "quantile"]
    )
    for each in board.channels:
        ages.add_metric([each.name, "0.5"], each.age_p50_s)
        ages.add_metric([each.name, "0.95"], each.age_p95_s)
    yield ages


def _stages(board: Board) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ["stage", "kind"]
    restarts = CounterMetricFamily("rushes_stage_restarts", "Times that it was started again", labels=labels)
    running = GaugeMetricFamily("rushes_stage_running", "Whether it runs", labels=labels)
    cpu = GaugeMetricFamily("rushes_stage_cpu_seconds", "Processor time of its process", labels=labels)
    memory = GaugeMetricFamily(
        "rushes_stage_memory_bytes", "Memory of its process alone, without what it shares", labels=labels
    )
    for each in board.stages:
        key = [each.name, each.kind]
        restarts.add_metric(key, each.restarts)
        running.add_metric(key, int(each.state == "running"))
        cpu.add_metric(key, each.cpu_s)
        memory.add_metric(key, each.rss_bytes)
    yield from (restarts, running, cpu, memory)


def _web(state: ServerState) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily("rushes_web_requests", "Requests and sockets that came")
    requests.add_metric([], state.requests)
    yield requests
    jobs = state.work.stats()
    yield _gauge("rushes_web_calls_waiting", "Requests that wait for a thread", jobs.waiting)
    yield _gauge("rushes_web_state_sockets", "Pages that are told the state", state.sockets)
    yield _gauge("rushes_web_pid", "Process id of the web process", os.getpid())
    glass = HistogramMetricFamily(
        "rushes_glass_age_seconds", "Age of pictures when a viewer drew them", labels=["channel"]
    )
    for each in state.glass.counts():
        bounds = [*(str(bound) for bound in GLASS_BOUNDS_S), "+Inf"]
        sums = itertools.accumulate(each.counts)
        glass.add_metric([each.channel], list(zip(bounds, sums, strict=True)), each.sum_s)
    yield glass


def _gauge(name: str, told: str, value: float) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, told, value=value)
