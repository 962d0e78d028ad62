"""The frozen records a queue answers with (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.metrics import LatencySummary

__all__ = ["Change", "JobStats", "LostJob"]


class Change(NamedTuple):
    """What one ``want`` changed, as counts: requests kept, added, and no longer wanted."""

    kept: int
    added: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class LostJob:
    """A function that outlived its time: its job's key, how long it runs, and where it hangs."""

    key: object
    running_s: float
    stack: str = ""


@dataclass(frozen=True, slots=True)
class JobStats:
    """A queue's ledger of one moment, counted in handles.

    submitted = success + error + cancelled + timed_out + waiting + running.

    ``dropped``: reason → count of handles that were cancelled to make room ("full") or refused before they
    had a handle ("refused"; those are not in ``submitted``). ``coalesced``: handles that joined another's job.
    ``late``: results nobody waited for any more. ``lost``: functions that outlived their time and hold a
    thread; ``saturated`` when there is no spare thread left to stand in for one more. ``waits`` and ``runs``:
    seconds from submit to start, and from start to end, by tier.
    """

    submitted: int = 0
    success: int = 0
    error: int = 0
    cancelled: int = 0
    timed_out: int = 0
    waiting: int = 0
    running: int = 0
    coalesced: int = 0
    retried: int = 0
    late: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    load: int = 0
    max_waiting: int | None = None
    oldest_s: float = 0.0
    workers: int = 0
    spares: int = 0
    lost: tuple[LostJob, ...] = ()
    saturated: bool = False
    waits: Mapping[str, LatencySummary] = field(default_factory=dict)
    runs: Mapping[str, LatencySummary] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds; False would be a bug of the queue."""
        ended = self.success + self.error + self.cancelled + self.timed_out
        return self.submitted == ended + self.waiting + self.running
