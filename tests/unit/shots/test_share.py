"""Who takes a shared picture, and what one who leaves does to the others."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np
import pytest

from rushes import DeadlineExceeded, Frame, JobCancelled
from rushes.shots.request import Picture
from rushes.shots.share import Share, Shares
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_host import Token
from tests.unit.shots.test_saver import Gate, made

__all__ = ["made"]


def test_a_failure_is_not_handed_on_to_who_asks_later():
    share = Shares()
    first = share.join("k")

    def fail():
        raise OSError("dead")

    with pytest.raises(OSError, match="dead"):
        first.get("a", Token(), 1, 1.0, fail)
    assert first.spent(1)
    share.part(first)
    assert share.join("k") is not first


def test_the_attempt_of_one_who_gave_up_is_the_next_ones():
    share, go, began = Share("k"), threading.Event(), threading.Event()

    def hang():
        began.set()
        go.wait(30)
        raise OSError("late")

    def first():
        with contextlib.suppress(OSError):
            share.get("first", Token(), 1, 30.0, hang)

    thread = threading.Thread(target=first)
    thread.start()
    assert began.wait(30)
    share.pass_on("first")
    assert share.tries == 0
    picture: Any = object()
    assert share.get("second", Token(), 1, 1.0, lambda: picture) is picture
    go.set()
    thread.join(30)
    assert share.get("third", Token(), 1, 1.0, hang) is picture


def test_a_later_now_never_gets_an_earlier_callers_picture(made):
    ready, go, running = threading.Event(), threading.Event(), threading.Event()
    taken: list[int] = []

    def gate(dt):
        assert ready.wait(30)
        taken.append(time.time_ns())
        return Frame(np.zeros((8, 8, 3), np.uint8), captured_ns=taken[-1])

    def blocker(dt):
        running.set()
        assert go.wait(30)
        return Frame(np.zeros((8, 8, 3), np.uint8))

    saver = made({"gate": gate, "blocker": blocker}, pool_size=1)
    first = saver.save("gate")[0]
    saver.save("blocker")
    saver.save("gate")  # waits, and so keeps what the first one takes alive
    ready.set()
    early = saver.handle(first).result(30)
    assert running.wait(30)
    later = saver.save("gate")[0]
    go.set()
    assert saver.wait(30)
    assert len(taken) == 2
    assert saver.handle(later).result(30).captured_ns > early.captured_ns


def test_a_cancelled_waiter_waits_no_longer():
    share, go, began = Share("k"), threading.Event(), threading.Event()

    def hang():
        began.set()
        assert go.wait(30)
        return picture

    picture: Any = object()
    token, ends = Token(), []

    def wait():
        try:
            share.get("second", token, 2, 30.0, hang)
        except JobCancelled as error:
            ends.append(error)

    first = threading.Thread(target=lambda: share.get("first", Token(), 2, 30.0, hang))
    first.start()
    assert began.wait(30)
    second = threading.Thread(target=wait)
    second.start()
    while not token._calls:
        time.sleep(0.001)
    token.cancel()
    second.join(10)
    assert not second.is_alive()
    assert len(ends) == 1
    assert share.tries == 1
    go.set()
    first.join(30)
    assert share.picture is picture


def test_who_is_cancelled_already_takes_nothing():
    token = Token()
    token.cancel()
    share = Share("k")
    with pytest.raises(JobCancelled):
        share.get("a", token, 1, 1.0, lambda: pytest.fail("nobody wants it"))
    assert share.tries == 0


def test_a_cancelled_waiter_gives_its_worker_back(made):
    gate = Gate()
    saver = made({"gate": gate, "yard": lambda dt: frame(1)}, pool_size=2)
    saver.save("gate")
    assert gate.asked.acquire(timeout=30)
    began = threading.Event()
    second, _ = saver.save("gate", callback=lambda guid, state: began.set() if state == "saving" else None)
    assert began.wait(30)
    assert saver.cancel(second)
    assert saver.handle(saver.save("yard")[0]).result(10).path
    assert gate.calls == 1
    gate.open.set()
    assert saver.wait(30)


def test_who_leaves_late_does_not_part_the_next_ones():
    shares = Shares()
    early = shares.join("k")
    shares.part(early)
    later = shares.join("k")
    assert later is not early
    shares.leave(early)
    assert shares.join("k") is later


def test_who_waits_for_an_attempt_that_is_given_up_hears_why():
    share, go, began = Share("k"), threading.Event(), threading.Event()
    token, errors = Token(), []

    def hang():
        began.set()
        assert go.wait(30)
        raise OSError("late")

    def first():
        with contextlib.suppress(OSError):
            share.get("first", Token(), 5, 30.0, hang)

    def second():
        try:
            share.get("second", token, 5, 30.0, hang)
        except DeadlineExceeded as error:
            errors.append(error)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert began.wait(30)
    threads[1].start()
    while not token._calls:
        time.sleep(0.001)
    why = DeadlineExceeded("the camera sleeps")
    share.give_up("second", why)  # it makes no attempt, so nothing is given up
    assert not share.spent(5)
    share.pass_on("second")
    assert share.tries == 1
    share.give_up("first", why)
    threads[1].join(10)
    assert [str(error) for error in errors] == ["the camera sleeps"]
    assert errors[0] is not why  # raised on several threads, one would gather the tracebacks of all
    go.set()
    threads[0].join(30)


def test_a_late_taker_does_not_end_the_turn_of_the_next():
    share, go, began = Share("k"), [threading.Event(), threading.Event()], threading.Semaphore(0)

    def attempt(number):
        def hang():
            began.release()
            assert go[number].wait(30)
            raise OSError("late")

        with contextlib.suppress(OSError):
            share.get(number, Token(), 5, 30.0, hang)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(2)]
    threads[0].start()
    assert began.acquire(timeout=30)
    share.pass_on(0)
    threads[1].start()
    assert began.acquire(timeout=30)
    go[0].set()
    threads[0].join(30)
    with pytest.raises(DeadlineExceeded, match="has not ended"):
        share.get("third", Token(), 5, 0.05, lambda: pytest.fail("two at a time"))
    go[1].set()
    threads[1].join(30)


def test_a_file_is_made_once_for_all_who_share_it():
    share = Share("k")
    picture = share.get("a", Token(), 1, 1.0, lambda: Picture(frame(1), 0, 1, "live"))
    assert share.encoded(picture, ".png") is share.encoded(picture, ".png")
    other = Picture(frame(2), 0, 1, "live")
    assert share.encoded(other, ".png") != share.encoded(picture, ".png")


def test_who_waits_for_one_who_leaves_makes_the_next_attempt():
    share, go, began = Share("k"), threading.Event(), threading.Event()
    token, pictures = Token(), []
    picture = Picture(frame(1), 0, 1, "live")

    def hang():
        began.set()
        assert go.wait(30)
        raise JobCancelled("nobody waits")

    def first():
        with contextlib.suppress(JobCancelled):
            share.get("first", Token(), 1, 30.0, hang)

    threads = [
        threading.Thread(target=first),
        threading.Thread(
            target=lambda: pictures.append(share.get("second", token, 1, 30.0, lambda: picture))
        ),
    ]
    threads[0].start()
    assert began.wait(30)
    threads[1].start()
    while not token._calls:
        time.sleep(0.001)
    share.pass_on("first")
    threads[1].join(10)
    assert pictures == [picture]
    go.set()
    threads[0].join(30)
    assert share.tries == 1


def test_an_attempt_that_was_cancelled_neither_counts_nor_hides_why_an_earlier_failed():
    share, error = Share("k"), OSError("no answer")

    def ending(how):
        def take():
            raise how

        with contextlib.suppress(type(how)):
            share.get(how, Token(), 5, 1.0, take)

    ending(error)
    ending(JobCancelled("not wanted"))
    assert share.tries == 1
    assert share.error is error
