"""What a station tells of itself: figures while it runs, the account at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.metrics import EdgeStats, LatencySummary

__all__ = ["RunReport", "Status"]


@dataclass(frozen=True, slots=True)
class Status:
    """One moment. ``fps`` over the last seconds; ages in seconds; ``dropped`` on all edges since the start;
    ``news`` what happened since the last one.
    """

    fps: float
    age_p50_s: float
    age_p95_s: float
    held: int
    slots: int
    dropped: int
    ram_bytes: int
    readers: int
    restarts: int
    running_s: float
    news: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """The account of one run. ``reason`` is "stopped", "time is up" or "failed"; ``problems`` is empty when
    all is well.
    """

    station: str
    depot: str
    depot_bytes: int
    slots: int
    reason: str
    duration_s: float
    fps: float
    ages: LatencySummary
    edges: tuple[EdgeStats, ...]
    restarts: Mapping[str, int]
    strips_read: int
    peak_ram_bytes: int
    problems: tuple[str, ...]

    @property
    def adds_up(self) -> bool:
        """Whether every edge does."""
        return all(edge.adds_up for edge in self.edges)

    @property
    def ok(self) -> bool:
        """Whether it ended as it should and lost nothing unsaid."""
        return self.adds_up and not self.problems

    def plain(self) -> dict[str, Any]:
        """As plain data, for JSON. Times in seconds, ages in milliseconds."""
        return {
            "station": self.station,
            "reason": self.reason,
            "ok": self.ok,
            "problems": list(self.problems),
            "duration_s": round(self.duration_s, 3),
            "fps": round(self.fps, 2),
            "age_ms": {
                "count": self.ages.count,
                **{name: round(getattr(self.ages, name) * 1000, 3) for name in ("p50", "p95", "p99", "max")},
            },
            "depot": {"name": self.depot, "slots": self.slots, "bytes": self.depot_bytes},
            "edges": [
                {
                    "edge": edge.name,
                    "offered": edge.offered,
                    "delivered": edge.delivered,
                    "dropped": dict(edge.dropped),
                    "waiting": edge.waiting,
                    "adds_up": edge.adds_up,
                }
                for edge in self.edges
            ],
            "adds_up": self.adds_up,
            "restarts": dict(self.restarts),
            "strips_read": self.strips_read,
            "peak_ram_bytes": self.peak_ram_bytes,
        }
