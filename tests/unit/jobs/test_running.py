"""The real queue on real threads: limits, time, delivery and endings."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import Any

import pytest

from rushes import (
    ClosedError,
    DeadlineExceeded,
    Handle,
    JobError,
    JobQueue,
    Priority,
    Retry,
    UnknownName,
    current_job,
)
from tests.unit.jobs.blocker import WAIT, Blocker


def test_limits_hold_and_others_pass_by() -> None:
    with JobQueue(4, limits={"dead": 2}) as queue:
        go, running, most = threading.Event(), [], []

        def dead() -> None:
            running.append(1)
            most.append(len(running))
            assert go.wait(WAIT)
            running.pop()

        handles = [queue.submit(dead, limit="dead") for _ in range(50)]
        assert queue.submit(lambda: "good").result(WAIT) == "good"
        go.set()
        for handle in handles:
            handle.result(WAIT)
        assert max(most) <= 2
        with pytest.raises(UnknownName):
            queue.submit(int, limit="no such")


def test_serial_jobs_run_in_order_one_at_a_time() -> None:
    with JobQueue(4) as queue:
        ran: list[int] = []
        for number in range(50):
            priority = Priority.HIGH if number % 2 else Priority.LOW
            queue.submit(ran.append, number, serial="file", priority=priority)
        assert queue.drain(WAIT)
        assert ran == list(range(50))


def test_retries_until_it_works_and_tells_each_state(queue: JobQueue) -> None:
    tries, states = [], []

    def flaky() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return "at last"

    handle = queue.submit(
        flaky, retry=Retry(3, on=(OSError,), base_s=0.001), on_state=lambda _, state: states.append(state)
    )
    assert handle.result(WAIT) == "at last"
    assert queue.drain(WAIT)
    assert states == ["in_queue", "running"] * 3 + ["success"]
    assert handle.attempt == 3
    with pytest.raises(ValueError):
        queue.submit(int, "x", retry=Retry(3, on=(OSError,), base_s=0.001)).result(WAIT)


def test_timed_out_work_is_abandoned_told_and_replaced() -> None:
    with JobQueue(1, limits={"camera": 1}, max_spares=1) as queue:
        closed, go = threading.Event(), threading.Event()

        def hang() -> None:
            current_job().on_cancel(closed.set)
            assert go.wait(WAIT)

        handle = queue.submit(hang, timeout_s=0.05, limit="camera")
        with pytest.raises(DeadlineExceeded):
            handle.result(WAIT)
        assert handle.state == "timed_out"
        assert queue.submit(lambda: "next").result(WAIT) == "next"
        assert closed.wait(WAIT)
        stats = queue.stats()
        assert len(stats.lost) == 1
        assert "hang" in stats.lost[0].stack
        assert stats.saturated
        with pytest.raises(JobError, match="no spare thread"):
            queue.submit(int, limit="camera").result(WAIT)
        go.set()


def test_deadline_counts_the_waiting(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    handle = queue.submit(int, deadline_s=0.02)
    with pytest.raises(DeadlineExceeded):
        handle.result(WAIT)
    blocker.open()


def test_callbacks_come_once_in_order_where_they_should_and_never_under_the_lock(queue: JobQueue) -> None:
    seen: list[tuple[str, str]] = []
    owned: list[bool] = []
    lock = queue._pool.lock

    def on_state(handle: Handle, state: str) -> None:
        # Another thread may hold it for a moment; under it, this one could never take it.
        owned.append(not lock.acquire(timeout=1.0))
        if not owned[-1]:
            lock.release()
        seen.append((threading.current_thread().name, state))

    for deliver in (None, lambda call: call()):
        seen.clear()
        queue.submit(int, on_state=on_state, deliver=deliver).result(WAIT)
        assert queue.drain(WAIT)
        assert [state for _, state in seen] == ["in_queue", "running", "success"]
    blocker = Blocker(queue)
    handle = queue.submit(int, on_state=on_state)
    handle.cancel()
    blocker.open()
    assert queue.drain(WAIT)
    assert seen[-1][1] == "cancelled"
    assert seen[-1][0] != threading.current_thread().name
    assert not any(owned)


def test_a_raising_callback_harms_nobody(queue: JobQueue, caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    def bad(handle: Handle) -> None:
        calls.append(handle)
        raise RuntimeError("broken")

    queue.submit(int, callback=bad)
    assert queue.drain(WAIT)
    assert queue.submit(int).result(WAIT) == 0
    assert len(calls) == 1
    assert "broken" in caplog.text


def test_partials_come_before_the_end_and_the_newest_wins(queue: JobQueue) -> None:
    blocker, seen = Blocker(queue), []

    def work() -> str:
        for step in range(3):
            current_job().partial(step)
        return "done"

    handle = queue.submit(work, callback=lambda h: seen.append(h.result()))
    handle.on_partial(lambda _, value: seen.append(value))
    blocker.open()
    assert queue.drain(WAIT)
    assert seen[-2:] == [2, "done"]


def test_awaiting_and_cancelling_the_awaiting_task() -> None:
    async def main() -> None:
        async with JobQueue(2) as queue:
            threads: list[Any] = []
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()

            def note(_: Handle) -> None:
                threads.append(threading.current_thread())
                ended.set()

            assert await queue.submit(divmod, 5, 2, callback=note, deliver=loop) == (2, 1)
            await asyncio.wait_for(ended.wait(), WAIT)
            assert threads == [threading.current_thread()]
            go = threading.Event()
            first = queue.submit(go.wait, WAIT, key="k")
            second = queue.submit(go.wait, WAIT, key="k")

            async def watch() -> None:
                await first

            task = asyncio.ensure_future(watch())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert first.state == "cancelled"
            go.set()
            assert await second is True

    asyncio.run(main())


def test_futures_follow_their_handle(queue: JobQueue) -> None:
    assert queue.submit(int, "4").future().result(WAIT) == 4
    blocker = Blocker(queue)
    handle = queue.submit(int)
    assert handle.future().cancel()
    assert handle.state == "cancelled"
    blocker.open()


def test_nothing_of_the_work_is_kept(queue: JobQueue) -> None:
    class Thing:
        def __call__(self) -> Thing:
            return Thing()

    thing = Thing()
    called = weakref.ref(thing)
    handle = queue.submit(thing, key="k", group="g")
    result = weakref.ref(handle.result(WAIT))
    del thing
    assert queue.drain(WAIT)
    queue.submit(int).result(WAIT)  # the worker's own variables are those of the next job now
    assert called() is None
    assert result() is not None
    del handle
    assert result() is None


def test_stop_ends_every_handle_in_time_and_closes(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    told: list[str] = []
    waiting = queue.submit(int, callback=lambda handle: told.append(handle.state))
    began = time.monotonic()
    queue.stop(timeout_s=0.2)
    assert time.monotonic() - began < WAIT / 2
    assert [waiting.state, blocker.handles[0].state] == ["cancelled", "cancelled"]
    assert told == ["cancelled"]
    with pytest.raises(ClosedError):
        queue.submit(int)
    blocker.open()


def test_idle_threads_do_not_wake_up() -> None:
    with JobQueue(2) as queue:
        queue.submit(int, timeout_s=60).result(WAIT)
        assert queue.drain(WAIT)
        before = queue._pool.tokens.qsize()
        pool = queue._pool
        deadline = time.monotonic() + WAIT
        while pool.idle != pool.alive and time.monotonic() < deadline:
            time.sleep(0.001)
        assert (pool.idle, before) == (pool.alive, 0)
        assert not pool.schedule.ready.count
