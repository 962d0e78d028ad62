"""What becomes of the claims on jobs (pure).

A claim ends once: with its job, or before it, by being cancelled or timed out. Its job ends with its last claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.jobs.job import CANCELLED, ENDS, IN_QUEUE, PLAIN, RUNNING, Claim, Job
from rushes.jobs.placing import Placing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from rushes.jobs.ready import Victims

__all__ = ["PREFETCH", "Claims"]

PREFETCH = 4


class Claims(Placing):
    """All living claims by key and group, the counts of all, and news that is to be told.

    ``wakes``: who waits for a claim that ended. ``told``: claims with news. ``stops``: running jobs that nobody
    wants any more. ``dirty`` says that there is any.
    """

    def __init__(
        self, *, prefetch_most: int = 1, victims: Victims | None = None, max_wait_s: float | None = None
    ) -> None:
        super().__init__(victims)
        self.max_wait_s = max_wait_s
        self.by_key: dict[Hashable, Job] = {}
        self.groups: dict[Hashable, dict[Claim, None]] = {}
        self.focus: dict[Hashable, tuple[float, float]] = {}
        self.running: dict[Job, Any] = {}
        self.lost: dict[Job, Any] = {}
        self.prefetch_most = prefetch_most
        self.prefetching = 0
        self.load = 0  # the cost of all jobs that wait
        self.submitted = 0
        self.waiting = 0
        self.active = 0
        self.outcomes = dict.fromkeys(ENDS, 0)
        self.coalesced = self.retried = self.late = 0
        self.dirty = False
        self.told: list[Claim] = []
        self.wakes: list[Callable[[], object]] = []
        self.stops: list[Job] = []

    def take_news(self) -> tuple[list[Claim], list[Callable[[], object]], list[Job]]:
        """(told, wakes, stops), which are empty here afterwards."""
        taken = self.told, self.wakes, self.stops
        self.told, self.wakes, self.stops = [], [], []
        self.dirty = False
        return taken

    def leave(self, claim: Claim, state: str, outcome: Any, now: float) -> bool:
        """Ends one claim; its job goes on for the others, and ends with the last. False when it had ended."""
        if claim.ended is not None:
            return False
        job = claim.job
        urgent = job.others is not None and job.entry is not None and claim.tier <= job.entry[0]
        self.end(claim, state, outcome)
        if len(job):
            if urgent and job.state == IN_QUEUE:
                self.rekey(job, now)
        elif job.state == IN_QUEUE:
            self.load -= job.terms.cost
            self.unplace(job, now)
            self.gone(job, now)
        else:
            self.abandon(job)
        return True

    def leave_all(self, claims: Iterable[Claim], reason: str, now: float) -> int:
        """Cancels many; how many had not ended."""
        return sum(self.leave(claim, CANCELLED, reason, now) for claim in claims)

    def warn(self, job: Job) -> None:
        """Sets a running job's token."""
        if not job.stopped:
            job.stopped = True
            self.stops.append(job)
            self.dirty = True

    def tell(self, claim: Claim, news: str) -> None:
        """Puts news into a claim's mail; whoever finds it first delivers it and what follows, in order."""
        more = claim.more
        if more is None:
            return
        more.mail.append(news)
        if not more.posting:
            more.posting = True
            self.told.append(claim)
            self.dirty = True

    def find(self, key: Hashable | None, group: Hashable | None) -> list[Claim]:
        """The living claims of a key, a group, both, or all."""
        if group is not None:
            members = self.groups.get(group, ())
            return [claim for claim in members if key is None or claim.job.key == key]
        if key is not None:
            job = self.by_key.get(key)
            return [] if job is None else list(job)
        return [claim for job in (*self.waiting_jobs(), *self.running) for claim in job]

    def abandon(self, job: Job) -> None:
        """Nobody waits for a running job any more: it is told to stop, its key is free for another."""
        if job.key is not None and self.by_key.get(job.key) is job:
            del self.by_key[job.key]
        self.warn(job)

    def end(self, claim: Claim, state: str, outcome: Any) -> None:
        """Ends a living claim, whatever its job does next."""
        job = claim.job
        if job.others is None:
            job.claim = None
        else:
            del job.others[claim]
        if job.state == RUNNING:
            self.active -= 1
        else:
            self.waiting -= 1
        claim.outcome = outcome
        claim.ended = state
        self.outcomes[state] += 1
        group = claim.group
        if group is not None:
            members = self.groups[group]
            del members[claim]
            if not members:
                del self.groups[group]
                self.focus.pop(group, None)
        if claim.waiters is not None:
            self.wakes += claim.waiters
            claim.waiters = None
            self.dirty = True
        if claim.more is not None:
            self.tell(claim, state)
        elif claim.callback is not None:
            self.told.append(claim)
            self.dirty = True

    def released(self, job: Job, now: float) -> None:
        """A running job no longer runs."""
        self.running.pop(job, None)
        if job.tier >= PREFETCH:
            self.prefetching -= 1
        if job.lost:
            del self.lost[job]
        if job.terms is not PLAIN:
            self.release(job, now)

    def gone(self, job: Job, now: float) -> None:
        """The job will never run again."""
        if job.key is not None and self.by_key.get(job.key) is job:
            del self.by_key[job.key]
        if job.terms.serial is not None:
            self.unchain(job, now)
        job.forget()
