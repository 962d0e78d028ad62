"""How many may run, and how often one may start, for a host, channel or disk (pure)."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rushes.jobs.job import Entry

__all__ = ["Limit"]

UNBOUNDED = 1 << 60


class Limit:
    """One limit: at most ``most`` run, at most ``rate`` start per second after a first ``burst``.

    Jobs that it holds back wait in its own heap and not in the queue's, so that a thousand of a dead host are
    in nobody's way. Only as many as could start are *candidates* there; ``bar`` is the last of them, so a new
    job that should go before it becomes one more.
    """

    __slots__ = (
        "armed",
        "bar",
        "burst",
        "candidates",
        "key",
        "lost",
        "most",
        "parked",
        "rate",
        "running",
        "tokens",
        "updated",
        "waiting",
    )

    def __init__(
        self, key: Hashable, most: int | None = None, rate: float | None = None, burst: float = 1
    ) -> None:
        self.key = key
        self.most = UNBOUNDED if most is None else most
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.updated = -1.0
        self.running = 0
        self.lost = 0
        self.candidates = 0
        self.waiting = 0
        self.parked: list[Entry] = []
        self.bar: Entry | None = None
        self.armed = False

    def free(self, now: float) -> int:
        """How many more could start now."""
        room = self.most - self.running
        if self.rate is None:
            return room
        if self.updated >= 0:
            self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.rate)
        self.updated = now
        # The hair is what adding up many short times loses; without it a timer would fire a hair too soon.
        return min(room, int(self.tokens + 1e-6))

    def refilled_at(self, now: float) -> float | None:
        """When one more may start by the rate alone; None when something else holds them back."""
        if self.rate is None or self.running >= self.most or self.free(now) > 0:
            return None
        return now + (1 - self.tokens) / self.rate

    def start(self) -> None:
        """One starts; ``free`` said it may."""
        self.running += 1
        if self.rate is not None:
            self.tokens -= 1

    def full_for(self, entry: Entry, now: float) -> bool:
        """Whether that one must wait here: enough others go before it."""
        return self.candidates >= self.free(now) and (self.bar is None or entry > self.bar)

    def enter(self, entry: Entry) -> None:
        """That one is now among the queue's ready jobs."""
        self.candidates += 1
        if self.bar is None or entry > self.bar:
            self.bar = entry

    def leave(self) -> None:
        """A candidate started, or went away."""
        self.candidates -= 1
        if self.candidates == 0:
            self.bar = None

    def park(self, entry: Entry) -> None:
        """That one waits here."""
        self.waiting += 1
        heappush(self.parked, entry)

    def unpark(self) -> Entry | None:
        """The first that waits here, None when nobody does."""
        while self.parked:
            entry = heappop(self.parked)
            if entry[3].entry is entry:
                self.waiting -= 1
                return entry
        return None

    def taken_out(self) -> None:
        """One that waited here is dead; swept out with the others when they are the most."""
        self.waiting -= 1
        if len(self.parked) - self.waiting > max(64, self.waiting) or not self.waiting:
            self.parked = [entry for entry in self.parked if entry[3].entry is entry]
            heapify(self.parked)
