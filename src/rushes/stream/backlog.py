"""How much work waits for workers, and how many would keep up with it (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CATCH_UP_S", "Sample", "WorkBacklog", "backlog_samples", "workers_needed"]

CATCH_UP_S = 60.0
"""In what time what waits is to be done with, when it is said how many workers that takes."""


@dataclass(frozen=True, slots=True)
class WorkBacklog:
    """A track's work at one moment.

    ``waiting``         frames that no worker has; ``in_flight``: those that one has; ``stuck``: given up by the hub
    ``oldest_age_s``    how long the oldest of them is there; 0 without any. Where another track of the stream is behind
        this one, that is the other's
    ``arrived``, ``done``   frames since the store was made; they only grow, until a hub begins with an empty folder
    ``arriving_per_s``, ``done_per_s``   between two looks; None at the first
    """

    track: str
    waiting: int
    in_flight: int
    oldest_age_s: float
    stuck: int = 0
    arrived: int = 0
    done: int = 0
    arriving_per_s: float | None = None
    done_per_s: float | None = None

    @property
    def keeps_up(self) -> bool | None:
        """Whether the workers that there are do as much as comes; None when it is not known."""
        if self.arriving_per_s is None or self.done_per_s is None:
            return None
        return workers_needed(self.arriving_per_s, self.done_per_s, self.waiting, 1) == 1

    def needed(self, workers: int) -> int | None:
        """How many would keep up, and be done with what waits within a minute, where ``workers`` do what is done now.

        None when it is not known: after one look, and while nothing is done.
        """
        if self.arriving_per_s is None or self.done_per_s is None:
            return None
        return workers_needed(self.arriving_per_s, self.done_per_s, self.waiting, workers)


def workers_needed(
    arriving_per_s: float, done_per_s: float, waiting: int, workers: int, *, catch_up_s: float = CATCH_UP_S
) -> int | None:
    """How many workers like the ``workers`` that do ``done_per_s`` together would do what arrives, and what waits
    besides within ``catch_up_s``.

    No fewer than there are: what workers could do who have nothing to wait for is not seen in what they did. None when
    nothing is done although there is something to do, or there is no worker: one is to be tried then.
    """
    if workers < 1:
        return None
    # What waits for less than half a second's worth is on its way, not left behind.
    late = max(0.0, waiting - 0.5 * max(arriving_per_s, done_per_s))
    wanted_per_s = arriving_per_s + late / catch_up_s if late else min(arriving_per_s, done_per_s)
    if not wanted_per_s:
        return workers
    if done_per_s <= 0:
        return None
    return max(workers, math.ceil(workers * wanted_per_s / done_per_s - 1e-9))


class Sample(NamedTuple):
    """One number as Prometheus takes it; ``kind`` is "gauge" or "counter"."""

    name: str
    kind: str
    help: str
    labels: dict[str, str]
    value: float


_GAUGES = (
    ("rushes_work_waiting", "waiting", "Frames that no worker has yet."),
    ("rushes_work_in_flight", "in_flight", "Frames that a worker has."),
    ("rushes_work_stuck", "stuck", "Frames that the hub gave up and nobody removed."),
    ("rushes_work_oldest_age_seconds", "oldest_age_s", "For how long the oldest frame has been in the hub."),
)
_COUNTERS = (
    ("rushes_work_arrived_total", "arrived", "Frames that came into the hub."),
    ("rushes_work_done_total", "done", "Frames that workers were done with."),
)


def backlog_samples(stream: str, backlogs: Iterable[WorkBacklog]) -> list[Sample]:
    """The numbers of a stream's tracks, each with the labels ``stream`` and ``track``; rates are left to whoever
    collects them.
    """
    return [
        Sample(name, kind, text, {"stream": stream, "track": each.track}, float(getattr(each, field)))
        for each in backlogs
        for kind, numbers in (("gauge", _GAUGES), ("counter", _COUNTERS))
        for name, field, text in numbers
    ]
