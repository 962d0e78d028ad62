"""The state of a queue under its one lock, and carrying out what the schedule leaves to be done."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from rushes.jobs.delivery import Courier, Effects, LoopBoxes, hand_over, post
from rushes.jobs.job import PARTIAL
from rushes.jobs.work import work

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.jobs.job import Claim, Job
    from rushes.jobs.schedule import Schedule

__all__ = ["Pool"]

_log = logging.getLogger("rushes.jobs")


WAKE, START = 1, 2
KEPT = 1000
"""Durations kept of each tier: the fewest whose 99th percentile rests on ten values."""


class Pool:
    """A schedule, its lock, and the threads that serve it. Handles and tokens meet the queue here.

    An idle worker waits in C for one token. A new job sends one only while none is on its way: the worker that
    comes for the first job sends for the next worker if there is more, so a burst costs one wake-up and not one
    for each job.
    """

    def __init__(
        self, name: str, schedule: Schedule, workers: int, max_spares: int, chance: Callable[[], float]
    ) -> None:
        self.name = name
        self.schedule = schedule
        self.workers = workers
        self.max_spares = max_spares
        self.chance = chance
        self.waits: list[deque[float]] = [deque(maxlen=KEPT) for _ in range(5)]
        self.runs: list[deque[float]] = [deque(maxlen=KEPT) for _ in range(5)]
        self.closed = False
        self.begin()

    def begin(self) -> None:
        """A lock of its own and no threads: at the start, and again in a forked child."""
        self.lock = threading.Lock()
        self.threads: set[threading.Thread] = set()
        self.alive = 0
        self.idle = 0
        self.waking = False
        self.stopping = False
        self.telling = 0
        """Callbacks of workers and of the courier that are still to be called; a drain waits for them."""
        self.drains: list[Callable[[], object]] = []
        self.room: list[Callable[[], object]] = []
        self.room_load = 0  # what waited when the last of ``room`` began to wait for less
        self.tokens: SimpleQueue[None] = SimpleQueue()
        self.courier = Courier(f"{self.name}-courier")
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._timer: threading.Thread | None = None
        self.boxes = LoopBoxes()
        self._made = 0

    # With the lock held.

    def _summon(self) -> int:
        """What it takes to have the ready jobs run: nothing, WAKE a worker, or START one."""
        schedule = self.schedule
        if self.idle:
            if not schedule.startable():
                return 0
            self.waking = True
            self.idle -= 1
            return WAKE
        lost = len(schedule.lost)
        if self.alive - lost < self.workers and self.alive < self.workers + self.max_spares:
            if self.stopping or not schedule.startable():
                return 0
            self.waking = True
            self.alive += 1
            return START
        return 0

    def hail(self) -> bool:
        """Whether all there is to do is to wake an idle worker, by a token; it counts as on its way then."""
        schedule = self.schedule
        if not self.idle or self.waking or schedule.dirty or schedule.timers.changed:
            return False
        self.idle -= 1
        self.waking = True
        return True

    def effects(self) -> Effects | None:
        """What the last changes left to be done, None for nothing; hand it to ``settle`` without the lock."""
        schedule = self.schedule
        summon = 0
        if (
            not self.waking
            and schedule.ready.count
            and (self.idle or self.alive < self.workers or schedule.lost)
        ):
            summon = self._summon()
        ring = schedule.timers.changed
        if not (summon or ring or schedule.dirty or self.drains or self.room):
            return None
        over = self.drains and self.quiet
        opened = self.room and (schedule.load < self.room_load or self.closed)
        if not (summon or ring or schedule.dirty or over or opened):
            return None
        # Taken whole, empty lists too: one that stayed with the schedule would be filled by others by the time
        # it is gone through.
        told, wakes, stops = schedule.take_news()
        schedule.timers.changed = False
        if told:
            self.telling += sum(claim.more is None or claim.more.channel is None for claim in told)
        if over:
            wakes += self.drains
            self.drains = []
        if opened:
            wakes += self.room
            self.room = []
        return Effects(told, wakes, stops, ring, summon)

    @property
    def quiet(self) -> bool:
        """Whether every handle has ended and everybody was told."""
        schedule = self.schedule
        return not (schedule.waiting or schedule.active or self.telling)

    @property
    def excess(self) -> int:
        """By how many there are more threads at work than there should be."""
        return max(0, self.alive - len(self.schedule.lost) - self.workers)

    @property
    def saturated(self) -> bool:
        """Whether so many threads are lost that none may be started for the next."""
        lost = len(self.schedule.lost)
        return lost > 0 and lost >= self.max_spares

    # Without the lock.

    def settle(self, effects: Effects | None, *, worker: bool = False, timer: bool = False) -> int:
        """Wakes, tells and stops whom the schedule named.

        A ``worker`` calls back itself, everybody else leaves that to the courier; the ``timer`` also leaves it
        the hooks, as it must not wait for anybody. Returns how many a worker called back: it takes them off
        ``telling`` when it next holds the lock, as a hold for that alone would be one more for each job.
        """
        if effects is None:
            return 0
        told, wakes, stops, ring, summon = effects
        if summon == WAKE:
            self.tokens.put(None)
        elif summon:
            self._start()
        if ring and not timer:
            self._ring()
        for wake in wakes:
            wake()
        for job in stops:
            token = job.token
            if token is not None and timer:
                self.courier.post(type(token).fire, token)
            elif token is not None:
                token.fire()
        mine = 0
        for claim in told:
            channel = None if claim.more is None else claim.more.channel
            if channel is not None:
                post(channel, claim)
            elif worker:
                mine += 1
                hand_over(claim)
            else:
                self.courier.post(self._hand_over, claim)
        return mine

    def _hand_over(self, claim: Claim) -> None:
        hand_over(claim)
        self.told(1)

    def told(self, count: int) -> None:
        """So many callbacks have been called."""
        with self.lock:
            self.telling -= count
            effects = self.effects() if self.drains else None
        self.settle(effects)

    def _start(self) -> None:
        self._made += 1  # only who raised ``waking`` comes here, so nobody else does at the same time
        thread = threading.Thread(target=work, args=(self,), name=f"{self.name}-{self._made}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            _log.exception("queue %r has %d threads and can start no more", self.name, self.alive - 1)
            with self.lock:
                self.alive -= 1
                self.waking = False

    def _ring(self) -> None:
        if self._timer is not None:
            self._bell.put(None)
            return
        timer = threading.Thread(target=self._watch, name=f"{self.name}-timer", daemon=True)
        with self.lock:
            # Asked again, as another thread may have come first.
            if vars(self)["_timer"] is None and not self.stopping:
                self._timer = timer
                timer.start()
        self._bell.put(None)

    def _watch(self) -> None:
        """The timer thread: sleeps until the soonest moment, for ever when there is none."""
        while True:
            with self.lock:
                if self.stopping:
                    return
                self.schedule.expire(time.monotonic())
                soonest = self.schedule.timers.soonest
                effects = self.effects()
            self.settle(effects, timer=True)
            try:
                wait_s = soonest - time.monotonic()
                self._bell.get(timeout=None if math.isinf(wait_s) else min(max(0.0, wait_s), 86400.0))
            except Empty:
                continue

    def resize(self, workers: int) -> None:
        """As ``JobQueue.resize`` says."""
        with self.lock:
            self.workers = workers
            self.schedule.prefetch_most = max(1, workers // 2)
            leaving = min(self.idle, self.excess)
            self.idle -= leaving
            effects = self.effects()
        for _ in range(leaving):
            self.tokens.put(None)
        self.settle(effects)

    def halt(self) -> list[threading.Thread]:
        """Has workers and timer end once they come back; which those are. Hung ones are among them."""
        with self.lock:
            self.stopping = True
            threads = list(self.threads)
        for _ in threads:
            self.tokens.put(None)
        self._bell.put(None)
        return threads if self._timer is None else [*threads, self._timer]

    # For handles and tokens.

    def cancel_claim(self, claim: Claim, reason: str) -> bool:
        """Ends one claim as cancelled; False when it had ended."""
        with self.lock:
            done = self.schedule.leave(claim, "cancelled", reason, time.monotonic())
            effects = self.effects()
        self.settle(effects)
        return done

    def add_waiter(self, claim: Claim, wake: Callable[[], object]) -> bool:
        """Has ``wake()`` called at the claim's end; False when it has ended."""
        with self.lock:
            if claim.ended is not None:
                return False
            if claim.waiters is None:
                claim.waiters = [wake]
            else:
                claim.waiters.append(wake)
            return True

    def drop_waiter(self, claim: Claim, wake: Callable[[], object]) -> None:
        """Takes that back; also too late."""
        with self.lock:
            if claim.waiters is not None and wake in claim.waiters:
                claim.waiters.remove(wake)

    def tell_partial(self, job: Job, value: Any) -> None:
        """A preview for the living claims that listen."""
        with self.lock:
            for claim in job:
                more = claim.more
                if more is None or more.on_partial is None:
                    continue
                more.partial = value
                if PARTIAL not in more.mail:
                    self.schedule.tell(claim, PARTIAL)
            effects = self.effects()
        self.settle(effects)
