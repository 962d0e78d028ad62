"""Which job runs next, and what becomes of every claim (pure).

One object holds the whole state. Each method is told the time, changes the state, and leaves behind what has to
happen outside. Its caller holds one lock around each call and does the rest without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.errors import JobCancelled
from rushes.jobs.claims import PREFETCH, Claims
from rushes.jobs.ends import another
from rushes.jobs.job import (
    CANCELLED,
    ERROR,
    IN_QUEUE,
    NOWHERE,
    PLAIN,
    RETRYING,
    RUNNING,
    SUCCESS,
    TIMED_OUT,
    Claim,
    Job,
    Terms,
)
from rushes.jobs.timers import AGE, DEADLINE, REFILL, RETRY, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

__all__ = ["Schedule"]

HIGH = 1


class Schedule(Claims):
    """Waiting and running jobs, and their claims."""

    def add(
        self,
        claim: Claim,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        key: Hashable | None,
        terms: Terms,
        now: float,
    ) -> None:
        """A new claim, on the living job of that ``key`` or on a new one."""
        self.sequence = claim.id = sequence = self.sequence + 1
        self.submitted += 1
        group = claim.group
        if group is not None:
            self.groups.setdefault(group, {})[claim] = None
        if key is not None:
            job = self.by_key.get(key)
            if job is not None:
                self._join(job, claim, now)
                return
        claim.job = job = Job(fn, args, kwargs, key, terms, claim, now)
        if key is not None:
            self.by_key[key] = job
        job.entry = entry = (claim.tier, claim.score, sequence, job)
        self.waiting += 1
        self.load += terms.cost
        if claim.more is not None:
            self._note(claim)
        if self.victims is not None:
            self.victims.push(entry)
        if self.max_wait_s is not None:
            self.timers.add(now + self.max_wait_s, AGE, job, 1)
        if terms is PLAIN:
            self.ready.push(job, entry)
        else:
            self.place(job, entry, now)

    def _join(self, job: Job, claim: Claim, now: float) -> None:
        claim.job = job
        job.join(claim)
        self.coalesced += 1
        if claim.more is not None:
            self._note(claim)
        if job.state == IN_QUEUE:
            self.waiting += 1
            if job.entry is not None and (claim.tier, claim.score) < job.entry[:2]:
                self.rekey(job, now)
            return
        self.active += 1
        if claim.more is not None:
            self.tell(claim, RUNNING)

    def _note(self, claim: Claim) -> None:
        """What a claim with more than a callback needs at its start."""
        more = claim.more
        if more is None:
            return
        if more.on_state is not None:
            claim.job.watched = True
            self.tell(claim, IN_QUEUE)
        if more.deadline is not None:
            self.timers.add(more.deadline, DEADLINE, claim)

    def startable(self) -> bool:
        """Whether ``next`` might find something; limits aside."""
        entry = self.ready.first()
        return entry is not None and (entry[0] < PREFETCH or self.prefetching < self.prefetch_most)

    def next(self, now: float, runner: Any = None) -> Job | None:
        """The job to run now, marked as running by ``runner``; None when none can start."""
        floor = PREFETCH if self.prefetching >= self.prefetch_most else PREFETCH + 1
        while True:
            entry = self.ready.pop(floor)
            if entry is None:
                return None
            tier, _, _, job = entry
            job.place = NOWHERE
            terms = job.terms
            if terms is PLAIN:
                break
            if self.take(job, entry, now):
                if terms.timeout_s is not None:
                    self.timers.add(now + terms.timeout_s, TIMEOUT, job, job.attempt)
                break
        job.entry = None
        job.state = RUNNING
        job.tier = tier
        if tier >= PREFETCH:
            self.prefetching += 1
        self.running[job] = runner
        count = 1 if job.others is None else len(job.others)
        self.waiting -= count
        self.active += count
        self.load -= terms.cost
        if job.watched:
            for claim in job:
                if claim.more is not None:
                    self.tell(claim, RUNNING)
        return job

    def finish(self, job: Job, value: Any, error: BaseException | None, now: float) -> None:
        """A running job's function came back; ``error`` is None or what it raised."""
        terms = job.terms
        if terms is PLAIN and not job.lost and job.tier < PREFETCH:
            self.running.pop(job, None)
        else:
            self.released(job, now)
        if error is None:
            state, outcome = SUCCESS, value
        else:
            # A function that heeds its token ends this way.
            heeded = job.stopped and isinstance(error, JobCancelled)
            state, outcome = CANCELLED if heeded else ERROR, error
        if job.others is None and job.claim is not None:
            self.end(job.claim, state, outcome)
        elif job.others:
            for claim in tuple(job):
                self.end(claim, state, outcome)
                if error is not None:
                    outcome = another(error)
        else:
            self.late += 1
        if terms is PLAIN and job.key is None:
            job.forget()
        else:
            self.gone(job, now)

    def retry(self, job: Job, due: float, now: float) -> bool:
        """A running job failed and is to be run again at ``due``; False when nobody would be left to wait."""
        deadlines = [claim.more.deadline for claim in job if claim.more and claim.more.deadline is not None]
        if job.stopped or not len(job) or (len(deadlines) == len(job) and max(deadlines) <= due):
            return False
        self.released(job, now)
        self.retried += 1
        job.state = IN_QUEUE
        job.attempt += 1
        job.place = RETRYING
        job.since = due
        self.entry_for(job)
        self.waiting += len(job)
        self.active -= len(job)
        self.load += job.terms.cost
        self.timers.add(due, RETRY, job, job.attempt)
        self.dirty = True
        for claim in job:
            if claim.more is not None:
                self.tell(claim, IN_QUEUE)
        return True

    def forget(self, job: Job) -> None:
        """In a forked child: the thread that ran it is not there."""
        if job in self.running:
            self.released(job, 0.0)
            self.gone(job, 0.0)

    def expire(self, now: float) -> None:
        """Does what is due: time-outs, deadlines, retries, rates."""
        while (found := self.timers.due(now)) is not None:
            kind, whom = found
            if kind == RETRY:
                self.admit(whom, self.entry_for(whom), now)
                self._age_later(whom, now)
            elif kind == AGE:
                self._age(whom, now)
            elif kind == REFILL:
                self.refilled(whom, now)
            elif kind == DEADLINE:
                job = whom.job
                self.leave(whom, TIMED_OUT, "its deadline", now)
                if job.state == RUNNING and not len(job):
                    self._lose(job)
            else:
                self._lose(whom)

    def _age(self, job: Job, now: float) -> None:
        """One that waited too long rises by a tier; what nobody looks at yet never rises among the looked at."""
        for claim in job:
            if HIGH < claim.tier < PREFETCH:
                claim.tier -= 1
        self.rekey(job, now)
        self._age_later(job, now)

    def _age_later(self, job: Job, now: float) -> None:
        if self.max_wait_s is not None:
            self.timers.add(now + self.max_wait_s, AGE, job, job.attempt)

    def _lose(self, job: Job) -> None:
        """A running function outlived its time: its thread is given up, its limits stay taken."""
        for claim in tuple(job):
            self.end(claim, TIMED_OUT, "its time-out")
        if not job.lost and job in self.running:
            job.lost = True
            self.lost[job] = self.running[job]
            self.dirty = True
            for limit in job.terms.limits:
                limit.lost += 1
        self.abandon(job)
