"""The desk's book: what a shot that ends leaves in it, at whatever moment that is."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from rushes.errors import ConfigError, JobCancelled, QueueFull
from rushes.shots.desk import Desk, Finished
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_saver import Gate, made

__all__ = ["made"]


def test_a_shot_cancelled_while_it_goes_its_own_way_leaves_each_share_once(made, monkeypatch):
    """It joined one under way whose picture is too old for it, and is cancelled as it turns to ask alone."""
    first_asked, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    taken: list[int] = []

    def slow(dt):
        picture = frame(len(taken))
        taken.append(1)
        first_asked.set()
        assert go_on.wait(30)
        return picture

    alone = Desk._ask_alone

    def cancelled_first(self, task):
        task.handle.cancel()
        try:
            alone(self, task)
        finally:
            ended.set()

    monkeypatch.setattr(Desk, "_ask_alone", cancelled_first)
    saver = made({"gate": slow})
    first = saver.get("gate", callback=len, max_age_s=0.05)
    assert first_asked.wait(30)
    share = saver._desk._living[first].share
    threading.Event().wait(0.1)  # the first one's picture is now too old for the second
    second = saver.get("gate", callback=len, max_age_s=0.05)
    task = saver._desk._living[second]
    assert task.share is share
    go_on.set()
    saver.handle(first).result(30)
    assert ended.wait(30)
    with pytest.raises(JobCancelled):
        saver.handle(second).result(30)
    saver.stop()
    assert taken == [1]
    assert task.share is share
    assert share.callers == 0
    assert len(saver._desk.shares) == 0


def test_going_its_own_way_leaves_the_share_to_the_others(made):
    saver = made()
    share = saver._desk.shares.join("k")
    other = saver._desk.shares.join("k")

    task = SimpleNamespace(over=False, share=share)
    saver._desk._ask_alone(task)
    assert task.share is not share
    assert task.share.callers == 1
    assert other.callers == 1
    assert len(saver._desk.shares) == 1


def test_a_shot_that_is_refused_leaves_nothing_behind(made, tmp_path):
    gate = Gate()
    saver = made({"gate": gate})
    saver.save("gate", task_guid="a", file_name="x.jpg")
    with pytest.raises(ConfigError):
        saver.save("gate", task_guid="a", file_name="y.jpg", dt=5.0)
    assert list(saver._desk._living) == ["a"]
    assert saver.handle("a").state in ("in_queue", "running")
    assert len(saver._desk.shares) == 1
    assert {name.rpartition("/")[2] for name in saver._desk.names._held} == {"x.jpg"}
    gate.open.set()
    assert saver.wait(30)
    assert len(saver._desk.shares) == 0


def test_a_shot_that_the_queue_refuses_leaves_nothing_behind(made, monkeypatch):
    def full(*_, **__):
        raise QueueFull("100,000 wait")

    saver = made()
    monkeypatch.setattr(saver._desk._queue, "submit", full)
    with pytest.raises(QueueFull):
        saver.save("gate", task_guid="a")
    with pytest.raises(LookupError):
        saver.handle("a")
    assert len(saver._desk.shares) == 0
    assert not saver._desk.names._held
    assert saver.wait(10)  # nobody is left to be told


def test_who_asks_for_a_handle_too_soon_gets_it_as_soon_as_it_is_there(made, monkeypatch):
    gate, found = Gate(), []
    saver = made({"gate": gate})
    submit = saver._desk._queue.submit
    asking = threading.Thread(target=lambda: found.append(saver.handle("a")))

    def slow(*arguments, **more):
        handle = submit(*arguments, **more)
        asking.start()
        while not saver._desk._change._waiters:
            threading.Event().wait(0.001)
        return handle

    monkeypatch.setattr(saver._desk._queue, "submit", slow)
    saver.save("gate", task_guid="a")
    asking.join(10)
    assert found == [saver.handle("a")]
    gate.open.set()
    assert saver.wait(30)


def test_a_moment_of_the_past_is_taken_once_as_long_as_anybody_waits_for_it(made):
    calls, running, go_on = [], threading.Event(), threading.Event()

    def blocker(dt):
        running.set()
        assert go_on.wait(30)
        return frame(9)

    def gate(dt):
        calls.append(dt)
        return frame(1)

    ready = Gate()
    saver = made({"gate": gate, "blocker": blocker, "ready": ready}, pool_size=1)
    saver.save("ready")  # until all of these wait in the queue
    assert ready.asked.acquire(timeout=30)
    first = saver.save("gate", dt=5.0)[0]
    saver.save("blocker")
    saver.save("gate", dt=5.0)
    ready.open.set()
    assert saver.handle(first).result(30)
    assert running.wait(30)
    saver.save("gate", dt=5.0)  # joins the one that still waits, and finds what the first one got
    go_on.set()
    assert saver.wait(30)
    assert len(calls) == 1


def test_a_guid_used_again_counts_once_among_the_ended(monkeypatch):
    monkeypatch.setattr("rushes.shots.desk.KEPT_BYTES", 25)
    finished, shot = Finished(), SimpleNamespace(data=bytes(10))
    handle: Any = SimpleNamespace(exception=lambda timeout_s: None, result=lambda timeout_s: shot)
    for guid in ("a", "b", "b", "b"):
        finished.add(guid, handle)
    assert finished.get("a") is not None
    finished.add("c", handle)
    assert finished.get("a") is None


@pytest.fixture
def stuck():
    """A channel whose first call hangs until the end of the test, and no other."""
    go_on, asked, calls = threading.Event(), threading.Event(), []

    def call(dt):
        calls.append(dt)
        if len(calls) == 1:
            asked.set()
            assert go_on.wait(30)
        return frame(len(calls))

    yield SimpleNamespace(call=call, asked=asked)
    go_on.set()


def test_the_turn_of_a_cancelled_shot_is_the_next_ones_though_its_call_hangs(made, stuck):
    saver = made({"gate": stuck.call})
    first = saver.save("gate")[0]
    assert stuck.asked.wait(30)
    second = saver.save("gate")[0]
    assert saver._desk._living[first].share is saver._desk._living[second].share
    saver.cancel(first)
    assert saver.handle(second).result(10).frame_number == 2


def test_nobody_joins_what_was_given_up(made, stuck):
    saver = made({"gate": stuck.call})
    saver.timeout_sec = 0.2
    first = saver.save("gate")[0]
    share = saver._desk._living[first].share
    assert saver._desk.shares.join(share.key) is share  # another who lives on
    assert saver.handle(first).exception(30) is not None
    assert saver._desk.shares.join(share.key) is not share


@pytest.mark.parametrize("dt", [None, 5.0])
def test_what_failed_for_one_now_is_asked_again_for_the_next_and_a_moment_of_the_past_is_not(made, dt):
    def dead(_):
        assert may_fail.wait(30)
        raise OSError("no answer")

    may_fail = threading.Event()
    saver = made({"gate": dead})
    saver.max_tries = 1
    first = saver.save("gate", dt=dt)[0]
    share = saver._desk._living[first].share
    assert saver._desk.shares.join(share.key) is share  # another who lives on
    may_fail.set()
    assert saver.handle(first).exception(30) is not None
    assert (saver._desk.shares.join(share.key) is share) is (dt is not None)
