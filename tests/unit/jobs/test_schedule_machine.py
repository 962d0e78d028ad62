"""The schedule's promises, held against random histories with a clock and workers moved by hand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rushes.jobs.gate import Limit
from rushes.jobs.job import CANCELLED, ENDS, IN_QUEUE, PARKED, PLAIN, READY, RUNNING, Claim, Job, More, Terms
from rushes.jobs.schedule import Schedule

WORKERS = 3
KEYS = st.sampled_from([None, None, "a", "b", "c"])
GROUPS = st.sampled_from([None, "1", "10"])
TIERS = st.integers(1, 4)


def work() -> None:
    """Never called: a worker by hand only says how it ended."""


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule(prefetch_most=1)
        self.now = 0.0
        self.claims: list[Claim] = []
        self.at_work: list[Job] = []
        self.states: dict[Claim, list[str]] = {}
        self.limits = [Limit("disk", 1), Limit("host", 2), Limit("rate", None, 1.0, 1)]
        self.starts: list[float] = []

    def settle(self) -> None:
        told, _, _ = self.schedule.take_news()
        for claim in told:
            assert claim.more is not None
            while claim.more.mail:
                self.states[claim].append(claim.more.mail.popleft())
            claim.more.posting = False

    @rule(
        key=KEYS,
        group=GROUPS,
        tier=TIERS,
        score=st.integers(0, 3),
        limits=st.sets(st.integers(0, 2), max_size=2),
        serial=st.sampled_from([None, None, "file"]),
        timeout_s=st.sampled_from([None, 2.0]),
        deadline_s=st.sampled_from([None, None, 5.0]),
    )
    def submit(
        self,
        key: str | None,
        group: str | None,
        tier: int,
        score: int,
        limits: set[int],
        serial: str | None,
        timeout_s: float | None,
        deadline_s: float | None,
    ) -> None:
        chosen = tuple(self.limits[each] for each in sorted(limits))
        plain = not chosen and serial is None and timeout_s is None
        terms = PLAIN if plain else Terms(chosen, serial, timeout_s)
        more = More(lambda *_: None, None, None if deadline_s is None else self.now + deadline_s)
        claim = Claim(None, tier, float(score), group, None, None, more)
        self.states[claim] = []
        self.claims.append(claim)
        self.schedule.add(claim, work, (), None, key, terms, self.now)
        self.settle()

    @precondition(lambda self: len(self.at_work) - len(self.schedule.lost) < WORKERS)
    @rule()
    def take(self) -> None:
        runnable = {job: job.entry for job in self.schedule.waiting_jobs() if self.can_start(job)}
        job = self.schedule.next(self.now, "worker")
        self.settle()
        if job is None:
            assert not runnable
            return
        assert len(job), "a job that nobody waits for was started"
        assert job not in self.at_work
        # Sequence included: of equally urgent ones the first come goes first.
        assert job in runnable
        assert runnable[job] == min(entry for entry in runnable.values() if entry is not None)
        rivals = [each for each in self.at_work if each.key is not None and each.key == job.key]
        assert all(each.stopped for each in rivals), "two jobs of one key run, and both are wanted"
        for limit in job.terms.limits:
            if limit.rate is not None:
                self.starts.append(self.now)
        self.at_work.append(job)

    def can_start(self, job: Job) -> bool:
        entry = job.entry
        assert entry is not None
        if job.place not in (READY, PARKED):
            return False
        if entry[0] >= 4 and self.schedule.prefetching >= self.schedule.prefetch_most:
            return False
        return all(limit.free(self.now) > 0 for limit in job.terms.limits)

    @precondition(lambda self: bool(self.at_work))
    @rule(data=st.data(), error=st.booleans(), again=st.booleans())
    def come_back(self, data: st.DataObject, error: bool, again: bool) -> None:
        job = self.at_work.pop(data.draw(st.integers(0, len(self.at_work) - 1)))
        failure = OSError("no") if error else None
        if error and again and job.attempt < 3 and self.schedule.retry(job, self.now + 1.5, self.now):
            assert job.state == IN_QUEUE
        else:
            self.schedule.finish(job, object(), failure, self.now)
        self.settle()

    @precondition(lambda self: bool(self.claims))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        living = claim.ended is None
        others = [each for each in claim.job if each is not claim]
        assert self.schedule.leave(claim, CANCELLED, "test", self.now) is living
        assert all(each.ended is None for each in others)
        self.settle()

    @rule(group=st.sampled_from(["1", "10"]))
    def cancel_group(self, group: str) -> None:
        members = [claim for claim in self.claims if claim.group == group and claim.ended is None]
        strangers = [claim for claim in self.claims if claim.group != group and claim.ended is None]
        found = self.schedule.find(None, group)
        assert self.schedule.leave_all(found, "test", self.now) == len(members)
        assert all(claim.ended == CANCELLED for claim in members)
        assert all(claim.ended is None for claim in strangers)
        self.settle()

    @precondition(lambda self: bool(self.claims))
    @rule(data=st.data(), tier=TIERS)
    def reprioritise(self, data: st.DataObject, tier: int) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        if claim.ended is None:
            claim.tier = tier
            if claim.job.state == IN_QUEUE:
                self.schedule.rekey(claim.job, self.now)

    @rule(step=st.sampled_from([0.5, 1.0, 3.0]))
    def pass_time(self, step: float) -> None:
        self.now += step
        self.schedule.expire(self.now)
        self.settle()
        assert self.schedule.timers.soonest > self.now

    @invariant()
    def counts_add_up(self) -> None:
        schedule = self.schedule
        living = [claim for claim in self.claims if claim.ended is None]
        assert schedule.submitted == sum(schedule.outcomes.values()) + schedule.waiting + schedule.active
        assert schedule.waiting == sum(claim.job.state == IN_QUEUE for claim in living)
        assert schedule.active == sum(claim.job.state == RUNNING for claim in living)
        waiting = list(schedule.waiting_jobs())
        assert len(waiting) == len(set(waiting))
        assert set(waiting) == {claim.job for claim in living if claim.job.state == IN_QUEUE}
        assert schedule.load == len(waiting)
        assert set(schedule.running) == set(self.at_work)

    @invariant()
    def limits_hold(self) -> None:
        for limit in self.limits:
            users = [job for job in self.at_work if limit in job.terms.limits]
            assert limit.running == len(users) <= limit.most
            assert limit.lost == sum(job.lost for job in users)
            ready = [job for job in self.schedule.ready if limit in job.terms.limits]
            assert limit.candidates == len(ready)
            if limit.waiting and limit.rate is None:
                assert limit.candidates >= limit.free(self.now), "held back although it could start"
        serials = [job for job in self.at_work if job.terms.serial is not None]
        assert len(serials) <= 1
        assert all(b - a >= 0.99 for a, b in pairwise(self.starts))

    @invariant()
    def every_claim_is_told_in_order_and_ends_once(self) -> None:
        for claim, states in self.states.items():
            ends = [state for state in states if state in ENDS]
            assert ends == ([] if claim.ended is None else [claim.ended])
            assert states[0] == IN_QUEUE
            assert not ends or states[-1] == ends[0]
            assert all(a != b for a, b in pairwise(states))

    def teardown(self) -> None:
        for _ in range(10_000):
            while self.at_work:
                self.schedule.finish(self.at_work.pop(), None, None, self.now)
            job = self.schedule.next(self.now, "worker")
            if job is not None:
                self.at_work.append(job)
            elif self.schedule.waiting:
                self.now += 0.5
                self.schedule.expire(self.now)
            else:
                break
        self.settle()
        schedule = self.schedule
        assert all(claim.ended for claim in self.claims)
        left = (
            schedule.by_key,
            schedule.groups,
            schedule.chains,
            schedule.parked,
            schedule.running,
            schedule.lost,
        )
        assert not any(left)
        assert not list(schedule.ready)


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestMachine = Machine.TestCase
