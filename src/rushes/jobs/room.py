"""What happens to a job that finds the queue full."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, QueueFull, unknown_name
from rushes.jobs.token import HERE

if TYPE_CHECKING:
    from rushes.jobs.job import Claim, Entry, Terms
    from rushes.jobs.pool import Pool

__all__ = ["POLICIES", "Room"]

POLICIES = ("reject", "drop_lowest", "drop_oldest", "block")


class Room:
    """A queue's bound, and what it does there."""

    def __init__(self, most: int | None, when_full: str) -> None:
        if when_full not in POLICIES:
            raise unknown_name("when_full policy", when_full, POLICIES)
        if most is not None and most < 1:
            raise ConfigError(f"max_waiting is {most}; give at least 1, or None for no bound")
        self.most = most
        self.when_full = when_full
        self.refused = 0
        self.dropped = 0

    def lacks(self, pool: Pool, cost: int) -> int:
        """By how much ``cost`` more would be over the bound; zero or less when it fits."""
        return 0 if self.most is None else pool.schedule.load + cost - self.most

    def make(self, pool: Pool, claim: Claim, terms: Terms, now: float) -> threading.Lock | None:
        """Makes room, with the lock held: None when there is, else what is to be waited for without the lock.

        Raises QueueFull.
        """
        over = self.lacks(pool, terms.cost)
        if over <= 0:
            return None
        if self.most is None or terms.cost > self.most or self.when_full == "reject":
            raise self.full("")
        if self.when_full == "block":
            if HERE.queue is not None or _on_loop_thread():
                raise self.full("; this thread must not wait for room")
            gate = threading.Lock()
            gate.acquire()
            pool.room.append(gate.release)
            pool.room_load = pool.schedule.load
            return gate
        self._drop(pool, claim, over, now)
        return None

    def wait(self, pool: Pool, claim: Claim, gate: threading.Lock) -> None:
        """Waits until something changed; QueueFull when the claim's deadline passed first."""
        until = None if claim.more is None else claim.more.deadline
        if gate.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic())):
            return
        with pool.lock:
            if gate.release in pool.room:
                pool.room.remove(gate.release)
            raise self.full(" until its deadline")

    def _drop(self, pool: Pool, claim: Claim, over: int, now: float) -> None:
        victims = pool.schedule.victims
        if victims is None:
            return
        chosen: list[Entry] = []
        while over > 0:
            entry = victims.pop()
            mine = (claim.tier, claim.score)
            if entry is None or (not victims.oldest and mine >= entry[:2]):
                for each in ([] if entry is None else [entry]) + chosen:
                    victims.push(each)
                raise self.full(" and nothing that waits is less urgent")
            chosen.append(entry)
            over -= entry[3].terms.cost
        for entry in chosen:
            job = entry[3]
            self.dropped += pool.schedule.leave_all(tuple(job), "dropped, as the queue was full", now)

    def full(self, why: str) -> QueueFull:
        """The error, counted."""
        self.refused += 1
        return QueueFull(f"the queue holds its {self.most} of waiting work{why}", limit=self.most)


def _on_loop_thread() -> bool:
    if "asyncio" not in sys.modules:
        return False
    from rushes.jobs.aio import on_loop_thread

    return on_loop_thread()
