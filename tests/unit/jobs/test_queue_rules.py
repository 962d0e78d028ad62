"""The real queue on real threads: who is dropped, what a view takes over, retries, spares, broken circuits."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from rushes import DeadlineExceeded, Handle, JobError, JobQueue, Priority, QueueFull, Request, Retry
from tests.unit.jobs.blocker import WAIT, Blocker


def test_of_equally_urgent_ones_the_newest_goes_and_one_no_better_is_refused() -> None:
    with JobQueue(1, max_waiting=3, when_full="drop_lowest") as queue:
        blocker = Blocker(queue)
        ran: list[Any] = []
        handles = [queue.submit(ran.append, x, score=5.0) for x in range(3)]
        with pytest.raises(QueueFull):
            queue.submit(ran.append, "equal", score=5.0)
        with pytest.raises(QueueFull):
            queue.submit(ran.append, "worse", score=6.0)
        assert [each.state for each in handles] == ["in_queue"] * 3
        queue.submit(ran.append, "better", score=4.0)
        assert [each.state for each in handles] == ["in_queue", "in_queue", "cancelled"]
        assert queue.stats().dropped == {"full": 1, "refused": 2}
        blocker.open()
        assert queue.drain(WAIT)
        assert ran == ["better", 0, 1]


def test_as_many_are_dropped_as_the_cost_asks_for_and_none_for_one_that_is_refused() -> None:
    with JobQueue(1, max_waiting=10, when_full="drop_lowest") as queue:
        blocker = Blocker(queue)
        costs = [(5, 3.0), (3, 2.0), (2, 1.0)]
        handles = [queue.submit(int, cost=cost, score=score) for cost, score in costs]
        with pytest.raises(QueueFull):
            queue.submit(int, cost=9, score=1.5)  # the first two would go, and still not make room enough
        assert [each.done() for each in handles] == [False] * 3
        queue.submit(int, cost=4, score=2.5)
        assert [each.done() for each in handles] == [True, False, False]
        queue.submit(int, cost=4, score=0.5)
        assert [each.done() for each in handles] == [True, False, False]
        assert queue.stats().dropped["full"] == 2
        assert queue.stats().load == 9
        blocker.open()


def test_who_is_dropped_goes_by_the_order_of_now() -> None:
    with JobQueue(1, max_waiting=2, when_full="drop_lowest") as queue:
        blocker = Blocker(queue)
        raised = queue.submit(int, key="a", priority=Priority.LOW)
        other = queue.submit(int, key="b")
        queue.set_priority("a", Priority.HIGH)
        queue.submit(int, priority=Priority.HIGH, score=1.0)
        assert (raised.state, other.state) == ("in_queue", "cancelled")
        blocker.open()
    with JobQueue(1, max_waiting=2, when_full="drop_lowest") as queue:
        blocker = Blocker(queue)
        left, right = (queue.submit(int, group="view", bounds=(x, x, 0, 0)) for x in (0, 10))
        queue.set_focus("view", 10, 0)
        queue.submit(int, group="view", bounds=(9, 9, 0, 0))
        assert (left.state, right.state) == ("cancelled", "in_queue")
        blocker.open()


def test_a_full_queue_drops_every_claim_of_a_shared_job() -> None:
    with JobQueue(1, max_waiting=1, when_full="drop_oldest") as queue:
        blocker = Blocker(queue)
        shared = [queue.submit(int, key="k", priority=priority) for priority in (Priority.LOW, Priority.HIGH)]
        queue.submit(int)
        assert [each.state for each in shared] == ["cancelled"] * 2
        assert queue.stats().dropped["full"] == 2
        blocker.open()


def test_a_view_that_is_wanted_again_is_told_by_its_newest_callback_alone(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    told: list[tuple[str, Any]] = []

    def requests(name: str, keys: str, **options: Any) -> list[Request]:
        def note(handle: Handle) -> None:
            told.append((name, handle.key))

        return [Request(key, str, args=(key,), callback=note, **options) for key in keys]

    queue.want("view", requests("old", "abc"))
    queue.want("view", requests("new", "bc"))
    assert queue.want("view", [*requests("new", "b"), Request("c", str)]) == (2, 0, 0)
    blocker.open()
    assert queue.drain(WAIT)
    assert sorted(told) == [("new", "b"), ("old", "a")]


def test_a_view_takes_over_priority_bounds_and_focus(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []

    def requests(urgent: int, shift: int) -> list[Request]:
        return [
            Request(
                x,
                ran.append,
                args=(x,),
                bounds=(x + shift if x == 0 else x,) * 2 + (0, 0),
                priority=Priority.HIGH if x == urgent else Priority.NORMAL,
            )
            for x in range(4)
        ]

    queue.want("view", requests(1, 0), focus=(0, 0))
    queue.want("view", requests(2, 9))
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == [2, 1, 3, 0]


def test_a_view_takes_over_where_things_are_now(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    for shift in (0, 9):
        places = {"moved": shift, "still": 2}
        wishes = [Request(name, ran.append, args=(name,), bounds=(x, x, 0, 0)) for name, x in places.items()]
        queue.want("view", wishes)
    queue.set_focus("view", 0, 0)
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == ["still", "moved"]


def test_a_view_counts_what_leaves_before_it_says_there_is_no_room() -> None:
    with JobQueue(1, max_waiting=3) as queue:
        blocker = Blocker(queue)
        queue.want("view", [Request(x, int) for x in range(3)])
        assert queue.want("view", [Request(x, int) for x in range(2, 5)]) == (1, 2, 2)
        with pytest.raises(QueueFull):
            queue.want("view", [Request(x, int) for x in range(3, 7)])
        waiting = {each.job.key for each in queue._schedule.find(None, "view")}
        assert waiting == {2, 3, 4}
        blocker.open()


def test_a_view_larger_than_a_queue_that_drops_is_told_what_was_refused() -> None:
    with JobQueue(1, max_waiting=2, when_full="drop_lowest") as queue:
        blocker, told = Blocker(queue), []
        wishes = [
            Request(x, int, callback=lambda handle: told.append((handle.key, handle.state))) for x in range(3)
        ]
        queue.want("view", wishes)
        blocker.open()
        assert queue.drain(WAIT)
        assert sorted(told) == [(0, "success"), (1, "success"), (2, "cancelled")]


def test_retries_are_as_many_as_said_and_wait_longer_each_time(queue: JobQueue) -> None:
    tries: list[float] = []

    def fail() -> None:
        tries.append(time.monotonic())
        raise OSError("dead")

    queue._pool.chance = lambda: 1.0
    handle = queue.submit(fail, retry=Retry(3, base_s=0.02, cap_s=1.0))
    assert isinstance(handle.exception(WAIT), OSError)
    assert len(tries) == handle.attempt == 3
    assert tries[1] - tries[0] >= 0.02
    assert tries[2] - tries[1] >= 0.04
    assert queue.stats().retried == 2


def test_a_retry_holds_no_worker_while_it_waits(queue: JobQueue) -> None:
    def fail() -> None:
        raise OSError("dead")

    queue._pool.chance = lambda: 1.0
    handle = queue.submit(fail, retry=Retry(2, base_s=3600, cap_s=3600))
    assert queue.submit(lambda: "next").result(WAIT) == "next"
    assert (handle.state, handle.attempt) == ("in_queue", 2)
    assert handle.cancel()


def test_equal_waiters_of_an_error_each_get_their_own(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    handles = [queue.submit(int, "x", key="k") for _ in range(3)]
    blocker.open()
    errors = [each.exception(WAIT) for each in handles]
    assert {type(each) for each in errors} == {ValueError}
    assert len({id(each) for each in errors}) == 3


class Hung:
    """Functions of one limit that outlive their time until let go."""

    def __init__(self, queue: JobQueue, count: int, limit: str | None = None) -> None:
        self.go = threading.Event()
        handles = [queue.submit(self.go.wait, WAIT, timeout_s=0.02, limit=limit) for _ in range(count)]
        for handle in handles:
            with pytest.raises(DeadlineExceeded):
                handle.result(WAIT)


def _alive(name: str) -> int:
    # The timer and the courier are named after the queue too, but not numbered.
    names = [each.name.partition("-") for each in threading.enumerate()]
    return sum(head == name and tail.isdigit() for head, _, tail in names)


def test_spares_stand_in_are_bounded_and_go_again() -> None:
    with JobQueue(2, max_spares=2, name="spared") as queue:
        hung = Hung(queue, 2)
        assert queue.submit(int).result(WAIT) == 0
        assert (queue.stats().saturated, len(queue.stats().lost)) == (True, 2)
        more = Blocker(queue, 2)
        assert _alive("spared") == 4
        assert queue.stats().spares == 2
        waiting = queue.submit(int)
        assert waiting.state == "in_queue"
        more.open()
        assert waiting.result(WAIT) == 0
        hung.go.set()
        until = time.monotonic() + WAIT
        while (_alive("spared"), queue.stats().spares) != (2, 0) and time.monotonic() < until:
            time.sleep(0.002)
        assert (_alive("spared"), queue.stats().spares, queue.stats().lost) == (2, 0, ())
        assert not queue.stats().saturated


def test_with_no_spare_left_nobody_stands_in() -> None:
    with JobQueue(1, max_spares=1) as queue:
        first, second = Hung(queue, 1), Hung(queue, 1)
        waiting = queue.submit(int)
        assert (queue._pool.alive, len(queue.stats().lost), waiting.state) == (2, 2, "in_queue")
        second.go.set()
        assert waiting.result(WAIT) == 0
        first.go.set()


def test_a_circuit_breaks_for_a_limit_wholly_held_by_the_hung_and_only_without_spares() -> None:
    with JobQueue(1, limits={"camera": 1, "host": 2, "good": 1}, max_spares=2) as queue:
        camera = Hung(queue, 1, "camera")
        held_back = queue.submit(int, limit="camera")
        assert held_back.state == "in_queue", "there is a spare thread left: it waits"
        host = Hung(queue, 1, "host")
        assert queue.stats().saturated
        broken = queue.submit(int, limit=frozenset({"good", "camera"}), key="k")
        assert isinstance(broken.exception(WAIT), JobError)
        assert broken.state == "error"
        assert "'camera'" in str(broken.exception())
        assert queue.submit(lambda: "half free", limit="host").result(WAIT) == "half free"
        assert queue.submit(lambda: "free", limit="good").result(WAIT) == "free"
        assert held_back.state == "in_queue"
        camera.go.set()
        assert held_back.result(WAIT) == 0
        assert queue.submit(int, limit="camera").result(WAIT) == 0
        host.go.set()


@pytest.mark.parametrize(("workers", "resized", "most"), [(1, None, 1), (4, None, 2), (2, 6, 3)])
def test_prefetches_take_half_of_the_workers(workers: int, resized: int | None, most: int) -> None:
    with JobQueue(workers) as queue:
        if resized is not None:
            queue.resize(resized)
        go, entered = threading.Event(), threading.Semaphore(0)

        def ahead() -> None:
            entered.release()
            assert go.wait(WAIT)

        handles = [queue.submit(ahead, priority=Priority.PREFETCH) for _ in range(8)]
        for _ in range(most):
            assert entered.acquire(timeout=WAIT)
        if most < (resized or workers):
            assert queue.submit(lambda: "asked").result(WAIT) == "asked"
        assert [each.state for each in handles].count("running") == most
        go.set()
        assert queue.drain(WAIT)


def test_a_new_priority_orders_what_waits(queue: JobQueue) -> None:
    blocker = Blocker(queue)
    ran: list[Any] = []
    for name in "abc":
        queue.submit(ran.append, name, key=name)
    queue.set_priority("c", Priority.HIGH)
    queue.set_priority("a", Priority.LOW)
    blocker.open()
    assert queue.drain(WAIT)
    assert ran == ["c", "b", "a"]
