"""What a station tells of itself: figures while it runs, the account at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.metrics import EdgeStats, LatencySummary

__all__ = ["ChannelReport", "ChannelStatus", "RunReport", "Status", "StreamReport"]


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """One channel at one moment. ``fps`` over the last seconds; ``dropped`` on all its edges since the start.

    ``state``: "opening", "live", "late" (less than 80 % of its rate), "lost" (no frame for two seconds) or "stopped"
    (the source had no more).
    """

    name: str
    state: str
    fps: float
    ages: LatencySummary
    held: int
    slots: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Status:
    """One moment. ``news``: what happened since the last one, a line each. ``recorded_bytes``: None when nothing is
    recorded. ``receivers``: how many there are; None when nothing is streamed. ``ram_bytes``: of all processes. Jobs
    are shots and exports that were asked for on the page.
    """

    channels: tuple[ChannelStatus, ...]
    ram_bytes: int
    restarts: int
    running_s: float
    news: tuple[str, ...]
    recorded_bytes: int | None = None
    receivers: int | None = None
    workers: int = 0
    jobs_running: int = 0
    jobs_waiting: int = 0


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """The account of one channel. ``source`` is its address without a password; while the
    source never opened there are no edges but those of a recorder that takes its pictures from the camera itself.
    """

    name: str
    source: str
    state: str
    width: int
    height: int
    backend: str
    depot: str
    slots: int
    depot_bytes: int
    fps: float
    ages: LatencySummary
    edges: tuple[EdgeStats, ...]

    def plain(self) -> dict[str, Any]:
        """As plain data, for JSON; ages in milliseconds."""
        ages = {name: round(getattr(self.ages, name) * 1000, 3) for name in ("p50", "p95", "p99", "max")}
        return {
            "name": self.name,
            "source": self.source,
            "state": self.state,
            "width": self.width,
            "height": self.height,
            "backend": self.backend,
            "fps": round(self.fps, 2),
            "age_ms": {"count": self.ages.count, **ages},
            "depot": {"name": self.depot, "slots": self.slots, "bytes": self.depot_bytes},
            "edges": [_plain_edge(edge) for edge in self.edges],
        }


@dataclass(frozen=True, slots=True)
class StreamReport:
    """The account of the stream of all channels: ``edge`` is from the streamer's process to the wire, ``bytes`` went
    over it.
    """

    endpoint: str
    edge: EdgeStats
    bytes: int

    def plain(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {"endpoint": self.endpoint, "bytes": self.bytes, "edges": [_plain_edge(self.edge)]}


@dataclass(frozen=True, slots=True)
class RunReport:
    """The account of one run. ``reason`` is "stopped", "time is up", "sources ended" or "failed";
    ``problems`` is empty when all is well.
    """

    station: str
    reason: str
    duration_s: float
    channels: tuple[ChannelReport, ...]
    restarts: Mapping[str, int]
    peak_ram_bytes: int
    problems: tuple[str, ...]
    archive: str | None = None
    """Where it was recorded; None: it was not."""
    recorded_bytes: int | None = None
    streams: tuple[StreamReport, ...] = ()
    page: str = ""
    """Where the page was; empty: there was none."""

    @property
    def edges(self) -> tuple[EdgeStats, ...]:
        """Those of all channels, and what they share."""
        shared = (stream.edge for stream in self.streams)
        return (*(edge for channel in self.channels for edge in channel.edges), *shared)

    @property
    def adds_up(self) -> bool:
        """Whether every edge does."""
        return all(edge.adds_up for edge in self.edges)

    @property
    def ok(self) -> bool:
        """Whether it ended as it should and lost nothing unsaid."""
        return self.adds_up and not self.problems

    def plain(self) -> dict[str, Any]:
        """As plain data, for JSON. Times in seconds."""
        return {
            "station": self.station,
            "reason": self.reason,
            "ok": self.ok,
            "problems": list(self.problems),
            "duration_s": round(self.duration_s, 3),
            "channels": [channel.plain() for channel in self.channels],
            "adds_up": self.adds_up,
            "restarts": dict(self.restarts),
            "peak_ram_bytes": self.peak_ram_bytes,
            "archive": self.archive,
            "recorded_bytes": self.recorded_bytes,
            "stream": self.streams[0].plain() if self.streams else None,
            "streams": [each.plain() for each in self.streams],
            "page": self.page,
        }


def _plain_edge(edge: EdgeStats) -> dict[str, Any]:
    return {
        "edge": edge.name,
        "offered": edge.offered,
        "delivered": edge.delivered,
        "dropped": dict(edge.dropped),
        "waiting": edge.waiting,
        "adds_up": edge.adds_up,
    }
