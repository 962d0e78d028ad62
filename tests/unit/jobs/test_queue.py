"""The real queue on real threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rushes import (
    ConfigError,
    DeadlineExceeded,
    JobCancelled,
    JobQueue,
    Priority,
    QueueFull,
    Request,
)
from tests.unit.jobs.blocker import WAIT, Blocker


def test_result_and_error_come_back(queue: JobQueue) -> None:
    assert queue.submit(divmod, 7, 2).result(WAIT) == (3, 1)
    handle = queue.submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        handle.result(WAIT)
    assert (handle.state, handle.attempt, handle.done()) == ("error", 1, True)
    assert isinstance(handle.exception(), ValueError)


def test_waiting_for_a_result_ends_with_its_time(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    handle = queue.submit(int)
    with pytest.raises(DeadlineExceeded):
        handle.result(0.01)
    blocker.open()
    assert handle.result(WAIT) == 0


def test_order_is_tier_then_score_then_first_come(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    for name, priority, score in (
        ("low", Priority.LOW, 0.0),
        ("far", Priority.NORMAL, 9.0),
        ("near", Priority.NORMAL, 1.0),
        ("near too", Priority.NORMAL, 1.0),
        ("high", Priority.HIGH, 5.0),
        ("some day", Priority.PREFETCH, 0.0),
    ):
        queue.submit(ran.append, name, priority=priority, score=score)
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == ["high", "near", "near too", "far", "low", "some day"]


def test_equal_keys_share_one_job_and_one_cancel_harms_nobody_else(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    told: list[Any] = []

    def load() -> object:
        ran.append(1)
        return object()

    handles = [queue.submit(load, key="k", callback=told.append) for _ in range(5)]
    assert handles[2].cancel()
    assert not handles[2].cancel()
    blocker.open()
    assert queue.drain(WAIT)
    results = {id(each.result()) for each in handles if each is not handles[2]}
    assert (len(ran), len(results)) == (1, 1)
    assert sorted(each.id for each in told) == sorted(each.id for each in handles)
    with pytest.raises(JobCancelled):
        handles[2].result()


def test_a_leaving_handle_takes_its_urgency_along(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    queue.submit(ran.append, "shared", key="k", priority=Priority.LOW)
    urgent = queue.submit(ran.append, "shared", key="k", priority=Priority.HIGH)
    queue.submit(ran.append, "other")
    urgent.cancel()
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == ["other", "shared"]


def test_a_key_cancelled_while_running_starts_anew(queue: JobQueue) -> None:
    entered, go = threading.Event(), threading.Event()

    def load(value: str) -> str:
        entered.set()
        assert go.wait(WAIT)
        return value

    first = queue.submit(load, "old", key="k")
    assert entered.wait(WAIT)
    assert first.cancel()
    assert first.state == "cancelled"
    second = queue.submit(load, "new", key="k")
    go.set()
    assert second.result(WAIT) == "new"
    assert queue.stats().late == 1


def test_cancel_by_key_group_predicate_and_keep_counts_truly(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    for key in range(10):
        queue.submit(ran.append, key, key=key, group="1" if key < 5 else "10")
    assert queue.cancel(group="1", keep=[4]) == 4
    assert queue.cancel(key=9) == 1
    assert queue.cancel(where=lambda handle: handle.key == 8) == 1
    assert queue.cancel(group="1", key=7) == 0
    with pytest.raises(ConfigError):
        queue.cancel()
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == [4, 5, 6, 7]


def test_want_keeps_adds_and_cancels_and_is_stable(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    told: list[Any] = []

    def requests(span: range) -> list[Request]:
        return [
            Request(x, ran.append, args=(x,), bounds=(x, x, 0, 0), callback=lambda h: told.append(h.key))
            for x in span
        ]

    assert queue.want("view", requests(range(6)), focus=(0, 0)) == (0, 6, 0)
    assert queue.want("view", requests(range(6)), focus=(0, 0)) == (6, 0, 0)
    assert queue.want("view", requests(range(3, 9)), focus=(8, 0)) == (3, 3, 3)
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == [8, 7, 6, 5, 4, 3]
    assert sorted(told) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_set_focus_puts_the_nearest_first(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    for x in range(5):
        queue.submit(ran.append, x, group="view", bounds=(x, x + 1, 0, 1))
    queue.set_focus("view", 3.5, 0.5)
    queue.submit(ran.append, "here", group="view", bounds=(3, 4, 0, 1.1))
    blocker.open()
    assert queue.drain(WAIT)
    assert ran[:2] == [3, "here"]
    assert ran[-1] == 0


@pytest.mark.parametrize(
    ("policy", "left"),
    [("drop_lowest", ["a", "new"]), ("drop_oldest", ["new", "b"])],
)
def test_a_full_queue_drops_as_told(policy: str, left: list[str]) -> None:
    with JobQueue(1, max_waiting=2, when_full=policy) as queue:
        blocker = Blocker(queue)
        ran: list[Any] = []
        queue.submit(ran.append, "a")
        lowest = queue.submit(ran.append, "b", priority=Priority.LOW)
        queue.submit(ran.append, "new")
        if policy == "drop_lowest":
            assert lowest.state == "cancelled"
            with pytest.raises(QueueFull):
                queue.submit(ran.append, "worst", priority=Priority.PREFETCH)
        blocker.open()
        assert queue.drain(WAIT)
        assert ran == left
        assert queue.stats().dropped["full"] == 1


def test_a_full_queue_refuses_by_cost_and_blocks_only_where_it_may() -> None:
    with JobQueue(1, max_waiting=10) as queue:
        blocker = Blocker(queue)
        queue.submit(int, cost=8)
        with pytest.raises(QueueFull):
            queue.submit(int, cost=3)
        queue.submit(int, cost=2)
        blocker.open()
    with JobQueue(1, max_waiting=1, when_full="block") as queue:
        blocker = Blocker(queue)
        queue.submit(int)
        waiting = ThreadPoolExecutor(1)
        late = waiting.submit(queue.submit, int)

        async def on_loop() -> None:
            with pytest.raises(QueueFull):
                queue.submit(int)

        asyncio.run(on_loop())
        assert not late.done()
        blocker.open()
        assert late.result(WAIT).result(WAIT) == 0
        waiting.shutdown()
