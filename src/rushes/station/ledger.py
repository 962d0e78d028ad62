"""The books of a station's edges: what was offered, delivered and lost (pure).

On each edge the figures compared come from different places, so that adding up proves something: the source's
own numbers against the depot's counters, the depot's head against what its consumers' rows say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.metrics import EdgeStats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.depot import DepotStats, Lease

__all__ = ["CameraBook", "OutcomeBook", "ReaderBook", "SourceCounts"]


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """A source's own counts, which travel with each of its frames.

    The depot outlives the process that fills it, so the next one goes on counting where a killed one stopped,
    and no tick is forgotten. ``refused`` frames found no slot, which the depot counts too; ``dropped`` never
    came to the depot: reason → count ("late": a deadline passed, "stage down": while no process ran, and what
    the kind of source has to tell).
    """

    refused: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, newest: Lease | None) -> SourceCounts:
        """As the newest frame tells; all zero before the first."""
        meta = {} if newest is None else newest.meta
        return cls(int(meta.get("refused", 0)), dict(meta.get("dropped", {})))

    def meta(self) -> dict[str, int | dict[str, int]]:
        """To travel with a frame."""
        return {"refused": self.refused, "dropped": dict(self.dropped)}

    def next_tick(self, newest: Lease | None, stats: DepotStats) -> int:
        """The tick after all that are accounted for: brought, skipped, or refused, also after the newest
        frame.
        """
        brought = 0 if newest is None else newest.number + 1
        return brought + sum(stats.dropped.values()) - self.refused

    def edge(self, name: str, newest: Lease | None, stats: DepotStats) -> EdgeStats:
        """The edge into the depot, offered one frame a tick."""
        dropped = {**stats.dropped, **self.dropped}
        return EdgeStats(
            name,
            offered=self.next_tick(newest, stats),
            delivered=stats.stored,
            dropped={reason: count for reason, count in dropped.items() if count},
        )


@dataclass(slots=True)
class ReaderBook:
    """What one reader got, over all the processes that were it.

    A process that dies takes its row in the depot with it. What was last known of the row is kept, and the
    next process starts from there: what the dead one read after that comes a second time, and nothing is
    missed unsaid.
    """

    seen_before: int = 0
    missed_before: int = 0
    seen: int = 0
    missed: int = 0

    @property
    def position(self) -> int:
        """The sequence up to which this reader is known to have come; -1 before the first."""
        return self.seen_before + self.missed_before + self.seen + self.missed - 1

    @property
    def seen_total(self) -> int:
        """Frames that all the processes got."""
        return self.seen_before + self.seen

    def update(self, seen: int, missed: int) -> None:
        """Notes the depot's row of the process running now."""
        self.seen, self.missed = seen, missed

    def died(self) -> None:
        """The process ended; a new one starts from :attr:`position`."""
        self.seen_before += self.seen
        self.missed_before += self.missed
        self.seen = self.missed = 0

    def edge(self, name: str, head: int, waiting: int | None) -> EdgeStats:
        """The edge out of the depot up to its ``head``; ``waiting`` as the depot counts it, None without a
        row.
        """
        missed = self.missed_before + self.missed
        return EdgeStats(
            name,
            offered=max(head, self.position) + 1,
            delivered=self.seen_total,
            dropped={"missed": missed} if missed else {},
            waiting=max(0, head - self.position) if waiting is None else waiting,
        )


@dataclass(slots=True)
class CameraBook:
    """What a camera gave to who records it as it is coded, over all the processes that did.

    Nobody else counts these: what a process had when it was killed and what it had not told yet (a fifth of a second)
    is not known to have been offered, and stands on neither side. What it had told is all accounted for.
    """

    offered_before: int = 0
    delivered_before: int = 0
    dropped_before: Counter[str] = field(default_factory=Counter)
    offered: int = 0
    delivered: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    waiting: int = 0

    @property
    def delivered_total(self) -> int:
        """Pictures that all the processes got."""
        return self.delivered_before + self.delivered

    def update(self, offered: int, delivered: int, dropped: Mapping[str, int], waiting: int) -> None:
        """Notes what the process running now has told."""
        self.offered, self.delivered, self.waiting = offered, delivered, waiting
        self.dropped = Counter(dropped)

    def died(self) -> None:
        """The process ended, and with it what waited in it."""
        self.offered_before += self.offered
        self.delivered_before += self.delivered
        self.dropped_before += self.dropped + Counter({"stage down": self.waiting})
        self.update(0, 0, {}, 0)

    def edge(self, name: str) -> EdgeStats:
        """The edge from the camera."""
        dropped = self.dropped_before + self.dropped
        offered = self.offered_before + self.offered
        return EdgeStats(name, offered, self.delivered_total, dict(dropped), self.waiting)


@dataclass(slots=True)
class OutcomeBook:
    """What became of the frames that a stage got and has to bring further, over all the processes that were it: the
    recorder's of one channel, written or lost; the streamer's of all channels, sent or lost.

    ``bytes`` and ``state`` as last told.
    """

    done_before: int = 0
    dropped_before: dict[str, int] = field(default_factory=dict)
    done: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    bytes_before: int = 0
    bytes: int = 0
    state: str = ""
    waiting: int | None = None

    @property
    def bytes_total(self) -> int:
        """Of all the processes."""
        return self.bytes_before + self.bytes

    def update(
        self, done: int, dropped: Mapping[str, int], size: int, state: str, waiting: int | None = None
    ) -> None:
        """Notes what the process running now has told; ``waiting`` with its last word, when nothing moves any more."""
        self.done, self.dropped, self.bytes, self.state = done, dict(dropped), size, state
        self.waiting = waiting

    def died(self, seen: int) -> None:
        """The process ended; of the ``seen`` frames that all of them got, those with no known end are lost."""
        self.done_before += self.done
        for reason, count in self.dropped.items():
            self.dropped_before[reason] = self.dropped_before.get(reason, 0) + count
        self.done, self.dropped, self.waiting = 0, {}, None
        self.bytes_before, self.bytes = self.bytes_before + self.bytes, 0
        lost = seen - self.done_before - sum(self.dropped_before.values())
        if lost > 0:
            self.dropped_before["stage down"] = self.dropped_before.get("stage down", 0) + lost

    def edge(self, name: str, seen: int) -> EdgeStats:
        """The edge out of the stage, offered what the depots count as seen."""
        dropped = dict(self.dropped_before)
        for reason, count in self.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        done = self.done_before + self.done
        waiting = seen - done - sum(dropped.values()) if self.waiting is None else self.waiting
        return EdgeStats(name, seen, done, dropped, waiting)
