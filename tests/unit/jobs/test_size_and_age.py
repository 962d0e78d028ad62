"""Queues that grow and shrink, jobs that grow old, and handles gathered as they end."""

from __future__ import annotations

import threading
import time

import pytest

from rushes import ConfigError, DeadlineExceeded, JobQueue, Priority
from rushes.jobs import as_completed
from rushes.jobs.job import PLAIN, Claim
from rushes.jobs.schedule import Schedule
from tests.unit.jobs.blocker import WAIT


def _most_at_once(queue: JobQueue, count: int) -> int:
    lock, now, most = threading.Lock(), 0, 0
    full, go = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.release()
        go.wait(WAIT)
        with lock:
            now -= 1

    handles = [queue.submit(hold) for _ in range(3 * count)]
    for _ in range(count):
        assert full.acquire(timeout=WAIT)
    # One more would come at once if there were a thread for it; half of what a switch of threads ever takes.
    assert not full.acquire(timeout=0.05)
    go.set()
    for handle in handles:
        handle.result(WAIT)
    return most


def _threads(name: str) -> int:
    return sum(each.name.startswith(f"{name}-") for each in threading.enumerate())


def test_a_queue_grows_and_shrinks_in_place() -> None:
    with JobQueue(2, name="elastic") as queue:
        for size in (2, 5, 1, 3):
            queue.resize(size)
            assert _most_at_once(queue, size) == size
        assert queue.stats().workers == 3
        with pytest.raises(ConfigError):
            queue.resize(0)


def test_what_waits_already_profits_from_growing() -> None:
    with JobQueue(1) as queue:
        gate = threading.Event()
        held, waiting = queue.submit(gate.wait, WAIT), queue.submit(int)
        queue.resize(2)
        assert waiting.result(WAIT) == 0
        assert not held.done()
        gate.set()


def test_threads_of_a_shrunk_queue_end() -> None:
    with JobQueue(6, name="shrinking") as queue:
        assert _most_at_once(queue, 6) == 6
        for _ in range(5):
            queue.resize(1)
            queue.resize(6)
        queue.resize(1)
        until = time.monotonic() + WAIT
        while _threads("shrinking") > 1 and time.monotonic() < until:
            time.sleep(0.005)
        assert _threads("shrinking") == 1
        assert queue.submit(int).result(WAIT) == 0


def test_a_running_one_too_many_finishes_first() -> None:
    with JobQueue(2) as queue:
        go, began = threading.Event(), threading.Semaphore(0)

        def hold() -> str:
            began.release()
            go.wait(WAIT)
            return "whole"

        both = [queue.submit(hold) for _ in range(2)]
        assert began.acquire(timeout=WAIT)
        assert began.acquire(timeout=WAIT)
        queue.resize(1)
        go.set()
        assert [each.result(WAIT) for each in both] == ["whole", "whole"]
        assert _most_at_once(queue, 1) == 1


def _aging(max_wait_s: float | None) -> list[str]:
    """What runs when at each second one urgent job comes, one runs, and a LOW one waits from the start."""
    schedule = Schedule(max_wait_s=max_wait_s)
    ran: list[str] = []

    def add(name: str, priority: Priority, now: float) -> None:
        schedule.add(Claim(None, priority), ran.append, (name,), None, None, PLAIN, now)

    add("old", Priority.LOW, 0.0)
    add("ahead", Priority.PREFETCH, 0.0)
    add("urgent", Priority.NORMAL, 0.0)
    for second in range(1, 20):
        now = float(second)
        schedule.expire(now)
        add("urgent", Priority.NORMAL, now)
        job = schedule.next(now)
        assert job is not None
        job.fn(*job.args)
        schedule.finish(job, None, None, now)
    return ran


def test_what_waits_too_long_rises() -> None:
    assert "old" not in _aging(None)
    ran = _aging(3.0)
    # At 3 s it is NORMAL but later than nobody: its number is the first of all.
    assert ran.index("old") == 2
    assert "ahead" not in ran


def test_what_waits_twice_too_long_rises_twice() -> None:
    schedule = Schedule(max_wait_s=3.0)
    names: list[str] = []
    for name, priority in (("old", Priority.LOW), ("urgent", Priority.HIGH), ("urgent", Priority.HIGH)):
        schedule.add(Claim(None, priority), names.append, (name,), None, None, PLAIN, 0.0)
    for now in (3.0, 6.0):
        schedule.expire(now)
    job = schedule.next(6.0)
    assert job is not None
    assert job.args == ("old",)


def test_a_real_queue_ages() -> None:
    with JobQueue(1, max_wait_s=0.02) as queue:
        stop = threading.Event()

        def feed() -> None:
            if not stop.is_set():
                queue.submit(feed, priority=Priority.NORMAL)
                time.sleep(0.001)

        queue.submit(feed)
        queue.submit(feed)
        assert queue.submit(int, priority=Priority.LOW).result(WAIT) == 0
        stop.set()
    with pytest.raises(ConfigError):
        JobQueue(max_wait_s=0.0)


def test_handles_come_as_they_end() -> None:
    with JobQueue(3) as queue:
        gates = [threading.Event() for _ in range(3)]
        handles = [queue.submit(gate.wait, WAIT) for gate in gates]
        coming = as_completed(handles)
        for turn in (2, 0, 1):
            gates[turn].set()
            assert next(coming) is handles[turn]
        assert next(coming, None) is None
        assert list(as_completed(handles)) == handles


def test_gathering_gives_up_in_time() -> None:
    with JobQueue(1) as queue:
        gate = threading.Event()
        done, held = queue.submit(int), queue.submit(gate.wait, WAIT)
        coming = as_completed([done, held], timeout_s=0.05)
        assert next(coming) is done
        with pytest.raises(DeadlineExceeded):
            next(coming)
        gate.set()
