"""The real queue under everything at once, with the interpreter switching threads as often as it can."""

from __future__ import annotations

import math
import random
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from rushes import Handle, JobQueue, Priority, QueueFull, Request, Retry, current_job
from rushes.jobs.job import ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 60.0
MOST = {"disk": 1, "host": 2}
QUEUES: dict[str, dict[str, Any]] = {
    "unbounded": {},
    "drop_lowest": {"max_waiting": 40, "when_full": "drop_lowest"},
    "drop_oldest": {"max_waiting": 40, "when_full": "drop_oldest"},
    "block": {"max_waiting": 40, "when_full": "block"},
}


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Threads are switched every microsecond, so that what is not under the lock is seen half done."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Storm:
    """Threads that do to one queue whatever its users may, and a ledger of what they were told."""

    def __init__(self, queue: JobQueue, steps: int) -> None:
        self.queue = queue
        self.steps = steps
        self.lock = threading.Lock()
        self.told: Counter[int] = Counter()
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.states: dict[Handle, list[str]] = {}
        self.at_work: Counter[str] = Counter()
        self.handles: list[Handle] = []
        self.refused = 0

    def run(self, threads: int) -> None:
        users = [threading.Thread(target=self._use, args=(seed,)) for seed in range(threads)]
        for user in users:
            user.start()
        for user in users:
            user.join(WAIT)
            assert not user.is_alive(), "a user of the queue hangs"

    def _use(self, seed: int) -> None:
        chance = random.Random(seed)
        mine: list[Handle] = []
        acts = [self._submit] * 12 + [self._cancel_one] * 3 + [self._cancel_many, self._want, self._order]
        try:
            for number in range(self.steps):
                act = chance.choice(acts)
                try:
                    act(chance, mine, seed * self.steps + number)
                except QueueFull:
                    with self.lock:
                        self.refused += 1
        except BaseException as error:
            self.wrong.append(f"a user broke off by {error!r}")
            raise
        finally:
            with self.lock:
                self.handles += mine

    def _submit(self, chance: random.Random, mine: list[Handle], number: int) -> None:
        options: dict[str, Any] = {
            "key": chance.choice([None, None, *range(8)]),
            "group": chance.choice([None, "1", "10", "view"]),
            "priority": chance.choice(list(Priority)),
            "score": chance.random(),
            "bounds": (number % 7, number % 7 + 1, 0, 1),
            "callback": self._end,
        }
        limit = chance.choice([None, None, None, "disk", "host", "rate", ["disk", "host"]])
        if limit is not None:
            options["limit"] = limit
        if chance.random() < 0.1:
            options["serial"] = "file"
        if chance.random() < 0.1:
            options["retry"] = Retry(2, base_s=0.0005, cap_s=0.001)
        if chance.random() < 0.05:
            options["deadline_s"] = chance.choice([0.0005, 5.0])
        if chance.random() < 0.2:
            options["on_state"] = self._state
        held = limit if isinstance(limit, list) else [limit]
        if chance.random() < 0.01 and options["key"] is None:
            mine.append(self.queue.submit(self._overstay, held, timeout_s=0.002, **options))
        else:
            mine.append(self.queue.submit(self._work, held, number, chance.random() < 0.05, **options))

    def _cancel_one(self, chance: random.Random, mine: list[Handle], number: int) -> None:
        if mine:
            handle = chance.choice(mine[-10:])
            cancelled = handle.cancel()
            if handle.state not in ENDS or (cancelled and handle.state != "cancelled"):
                self.wrong.append(f"{handle} was cancelled: {cancelled}")

    def _cancel_many(self, chance: random.Random, mine: list[Handle], number: int) -> None:
        pick = number % 4
        if pick == 0:
            self.queue.cancel(key=chance.randrange(8))
        elif pick == 1:
            self.queue.cancel(group=chance.choice(["1", "10"]), keep=range(4))
        elif pick == 2:
            self.queue.cancel(where=lambda handle: handle.id % 50 == 0)
        elif not self.queue.stats().adds_up:
            self.wrong.append("the ledger does not add up in passing")

    def _want(self, chance: random.Random, mine: list[Handle], number: int) -> None:
        first = chance.randrange(8)
        wishes = [
            Request(key, self._work, args=([], number, False), bounds=(key, key, 0, 0), callback=self._end)
            for key in range(first, first + 4)
        ]
        self.queue.want("view", wishes, focus=(float(first), 0.0))

    def _order(self, chance: random.Random, mine: list[Handle], number: int) -> None:
        if number % 2:
            self.queue.set_priority(chance.randrange(8), chance.choice(list(Priority)))
        else:
            self.queue.set_focus("view", chance.random() * 8, 0.0)

    def _work(self, held: list[str | None], number: int, fail: bool) -> int:
        self._enter(held)
        self._leave(held)
        if fail:
            raise OSError("by chance")
        return number

    def _overstay(self, held: list[str | None]) -> None:
        over = threading.Event()
        self._enter(held)
        current_job().on_cancel(over.set)
        over.wait(WAIT)
        self._leave(held)

    def _enter(self, held: list[str | None]) -> None:
        with self.lock:
            for limit in held:
                if limit in MOST:
                    self.at_work[str(limit)] += 1
                    if self.at_work[str(limit)] > MOST[str(limit)]:
                        self.wrong.append(f"too many at once of {limit}")

    def _leave(self, held: list[str | None]) -> None:
        with self.lock:
            for limit in held:
                if limit in MOST:
                    self.at_work[str(limit)] -= 1

    def _end(self, handle: Handle) -> None:
        with self.lock:
            self.told[handle.id] += 1
            self.ends[handle.state] += 1

    def _state(self, handle: Handle, state: str) -> None:
        with self.lock:
            self.states.setdefault(handle, []).append(state)


def _comes_to_rest(queue: JobQueue) -> None:
    """Functions that outlived their time have come back, and no timer is left."""
    pool, until = queue._pool, time.monotonic() + WAIT
    while time.monotonic() < until:
        with pool.lock:
            if (
                not pool.schedule.lost
                and not pool.schedule.running
                and math.isinf(pool.schedule.timers.soonest)
            ):
                return
        time.sleep(0.001)
    pytest.fail(f"the queue did not come to rest: {queue.stats()}")


def _check(storm: Storm) -> None:
    queue, schedule = storm.queue, storm.queue._pool.schedule
    stats = queue.stats()
    assert not storm.wrong
    assert stats.adds_up
    assert (stats.waiting, stats.running, stats.load, stats.lost) == (0, 0, 0, ())
    assert len(storm.told) == stats.submitted
    assert set(storm.told.values()) == {1}
    assert {state: getattr(stats, state) for state in ENDS} == {state: storm.ends[state] for state in ENDS}
    assert all(handle.state in ENDS and storm.told[handle.id] == 1 for handle in storm.handles)
    assert stats.dropped["refused"] >= storm.refused
    for states in storm.states.values():
        assert (states[0], [state for state in states if state in ENDS]) == ("in_queue", states[-1:])
        assert all(a != b for a, b in pairwise(states))
    left = [schedule.by_key, schedule.groups, schedule.focus, schedule.chains, schedule.parked]
    left += [schedule.running, schedule.lost, schedule.told, schedule.wakes, schedule.stops]
    assert not any(left), left
    assert (schedule.ready.first(), schedule.ready.count, schedule.prefetching) == (None, 0, 0)
    assert not schedule.ready.lane
    assert not schedule.ready.heap
    for limit in queue._limits._made.values():
        assert (limit.running, limit.lost, limit.candidates, limit.waiting) == (0, 0, 0, 0)


def _storm(kind: str, steps: int) -> None:
    options = {"limits": MOST, "rates": {"rate": (2000.0, 20)}, **QUEUES[kind]}
    with JobQueue(4, **options) as queue:
        storm = Storm(queue, steps)
        storm.run(4)
        assert queue.drain(WAIT)
        _comes_to_rest(queue)
        _check(storm)
        # Every way to end was taken, else this would have shown less than it says.
        assert all(storm.ends[state] for state in ENDS), storm.ends
        assert queue.stats().coalesced


@pytest.mark.parametrize("kind", QUEUES)
def test_every_handle_ends_once_and_is_told_once(kind: str) -> None:
    _storm(kind, 2000)


@pytest.mark.long
@pytest.mark.parametrize("kind", QUEUES)
def test_every_handle_ends_once_and_is_told_once_for_long(kind: str) -> None:
    _storm(kind, 8000)


def test_stop_amid_a_storm_ends_every_handle_once() -> None:
    queue = JobQueue(4, limits=MOST, rates={"rate": (2000.0, 20)})
    storm = Storm(queue, 1000)
    gate = threading.Event()
    held = [queue.submit(gate.wait, WAIT, callback=storm._end) for _ in range(4)]
    storm.run(4)
    stopping = [threading.Thread(target=queue.stop, kwargs={"timeout_s": WAIT}) for _ in range(3)]
    for thread in stopping:
        thread.start()
    gate.set()
    for thread in stopping:
        thread.join(WAIT)
        assert not thread.is_alive()
    _check(storm)
    assert all(handle.state in ("success", "cancelled") for handle in held)
