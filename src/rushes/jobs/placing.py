"""Where a waiting job lies, and how it gets from there to the ready ones (pure).

Ready, held back by a limit, behind the first of its serial, or waiting for a second attempt: a job lies in one
of these, and its ``place`` says in which.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from rushes.jobs.job import CHAINED, NOWHERE, PARKED, READY, RETRYING
from rushes.jobs.ready import Ready, Victims
from rushes.jobs.timers import REFILL, RETRY, Timers

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from rushes.jobs.gate import Limit
    from rushes.jobs.job import Entry, Job

__all__ = ["Placing"]


class Placing:
    """The places, and the ways between them."""

    def __init__(self, victims: Victims | None = None) -> None:
        self.ready = Ready()
        self.timers = Timers()
        self.victims = victims
        self.chains: dict[Hashable, OrderedDict[Job, None]] = {}
        self.parked: dict[Limit, None] = {}
        self.sequence = 0

    def place(self, job: Job, entry: Entry, now: float) -> None:
        """Finds a new job its place."""
        serial = job.terms.serial
        if serial is not None:
            chain = self.chains.setdefault(serial, OrderedDict())
            chain[job] = None
            if next(iter(chain)) is not job:
                job.place = CHAINED
                return
        self.admit(job, entry, now)

    def admit(self, job: Job, entry: Entry, now: float) -> None:
        """To the ready ones, or to the heap of a limit that would hold it back anyway."""
        for limit in job.terms.limits:
            if limit.waiting:
                self.fill(limit, now)  # time alone may have made room, and the timer not have said so yet
        self._seat(job, entry, now)

    def _seat(self, job: Job, entry: Entry, now: float) -> None:
        for limit in job.terms.limits:
            if limit.full_for(entry, now):
                self._park(job, limit, entry, now)
                return
        self._push(job, entry)

    def take(self, job: Job, entry: Entry, now: float) -> bool:
        """Whether its limits let a ready job start, all of them or none; else it waits with the first full."""
        limits = job.terms.limits
        for limit in limits:
            limit.leave()
        full = next((limit for limit in limits if limit.free(now) <= 0), None)
        if full is None:
            for limit in limits:
                limit.start()
                if limit.waiting:
                    self._arm(limit, now)  # its last token may be gone with this one
            return True
        self._park(job, full, entry, now)
        for limit in limits:
            if limit is not full:
                self.fill(limit, now)
        return False

    def release(self, job: Job, now: float) -> None:
        """A job that ran gives back what its limits held for it."""
        for limit in job.terms.limits:
            limit.running -= 1
            limit.lost -= job.lost
            self.fill(limit, now)

    def fill(self, limit: Limit, now: float) -> None:
        """Makes candidates of those that a limit held back, as many as could start."""
        while limit.waiting and limit.candidates < limit.free(now):
            entry = limit.unpark()
            if entry is None:
                break
            # Not pushed outright: another of its limits may have more urgent ones waiting.
            self._seat(entry[3], entry, now)
        if limit.waiting:
            self._arm(limit, now)
        else:
            self.parked.pop(limit, None)

    def refilled(self, limit: Limit, now: float) -> None:
        """The timer of a limit's rate."""
        limit.armed = False
        self.fill(limit, now)

    def unplace(self, job: Job, now: float) -> None:
        """Takes a waiting job out of where it lies."""
        place, job.place, job.entry = job.place, NOWHERE, None
        if place == READY:
            self.ready.taken_out()
            for limit in job.terms.limits:
                limit.leave()
                self.fill(limit, now)
        elif place == PARKED and job.gate is not None:
            job.gate.taken_out()
            if not job.gate.waiting:
                self.parked.pop(job.gate, None)

    def unchain(self, job: Job, now: float) -> None:
        """A job of a serial is over: the next one may go, if this was the first."""
        chain = self.chains.get(job.terms.serial)
        if chain is None or job not in chain:
            return
        first = next(iter(chain)) is job
        del chain[job]
        if not chain:
            del self.chains[job.terms.serial]
        elif first:
            follower = next(iter(chain))
            if follower.entry is not None:
                self.admit(follower, follower.entry, now)

    def rekey(self, job: Job, now: float) -> None:
        """Gives a waiting job the order of the most urgent of its claims."""
        old = job.entry
        if old is None:
            return
        tier, score = job.urgency()
        if tier == old[0] and score == old[1]:
            return
        job.entry = entry = (tier, score, old[2], job)
        if self.victims is not None:
            self.victims.push(entry)
        if job.place == READY:
            self.ready.move(entry)
            for limit in job.terms.limits:
                limit.bar = entry if limit.bar is None else max(limit.bar, entry)
                self._recheck(limit, now)
        elif job.place == PARKED and job.gate is not None:
            job.gate.taken_out()
            self.admit(job, entry, now)

    def entry_for(self, job: Job) -> Entry:
        """A fresh place in the order, behind all of its tier: another attempt must not overtake fresh work."""
        self.sequence += 1
        job.entry = entry = (*job.urgency(), self.sequence, job)
        if self.victims is not None:
            self.victims.push(entry)
        return entry

    def waiting_jobs(self) -> Iterator[Job]:
        """Every job that waits, wherever it lies."""
        yield from self.ready
        for limit in self.parked:
            yield from (entry[3] for entry in limit.parked if entry[3].entry is entry)
        for chain in self.chains.values():
            yield from (job for job in chain if job.place == CHAINED)
        for _, _, kind, job, attempt in self.timers.heap:
            if kind == RETRY and job.place == RETRYING and job.attempt == attempt:
                yield job

    def _push(self, job: Job, entry: Entry) -> None:
        for limit in job.terms.limits:
            limit.enter(entry)
        self.ready.push(job, entry)

    def _park(self, job: Job, limit: Limit, entry: Entry, now: float) -> None:
        job.place, job.gate = PARKED, limit
        limit.park(entry)
        self.parked[limit] = None
        self._arm(limit, now)

    def _arm(self, limit: Limit, now: float) -> None:
        due = None if limit.armed else limit.refilled_at(now)
        if due is not None:
            limit.armed = True
            self.timers.add(due, REFILL, limit)

    def _recheck(self, limit: Limit, now: float) -> None:
        """A candidate was put back in order: one that the limit held back may now be the more urgent."""
        entry = limit.unpark()
        if entry is not None:
            self._seat(entry[3], entry, now)
            self.fill(limit, now)
