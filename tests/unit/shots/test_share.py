"""Who takes a shared picture, and what one who leaves does to the others."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np
import pytest

from rushes import DeadlineExceeded, Depot, Frame, JobCancelled
from rushes.shots.mapped import MappedBackend
from rushes.shots.request import Ask
from rushes.shots.share import Share, Shares
from tests.unit.shots.test_saver import made

__all__ = ["made"]


def asked(token: Any, timeout_s: float) -> Ask:
    """For a picture newer than any there is."""
    return Ask("door", None, 0, figures=False, not_before_ns=2, timeout_s=timeout_s, token=token)


class _Token:
    cancelled = True


def test_a_cancelled_shot_of_a_depot_gives_its_slot_back_and_says_nothing_of_the_channel():
    with Depot.create("test-cancelled-shot", slots=2, shape=(4, 4, 3)) as depot:
        depot.put(np.zeros((4, 4, 3), np.uint8), captured_ns=1)
        ask = asked(_Token(), 5.0)
        depot.put(np.zeros((4, 4, 3), np.uint8), captured_ns=1)
        with pytest.raises(JobCancelled):
            MappedBackend({"door": depot}).take(ask)
        assert depot.leases() == []


def test_frames_that_are_all_too_old_do_not_outlive_the_time_out():
    class Wanted:
        cancelled = False

    class Endless:
        """A depot whose every next frame is there at once, and too old."""

        def __init__(self, depot):
            self.depot = depot

        def newest(self):
            return self.depot.newest()

        def next(self, after, timeout_s=None):
            return self.depot.newest()

    with Depot.create("test-old-shot", slots=2, shape=(4, 4, 3)) as depot:
        depot.put(np.zeros((4, 4, 3), np.uint8), captured_ns=1)
        ask = asked(Wanted(), 0.05)
        with pytest.raises(DeadlineExceeded):
            MappedBackend({"door": Endless(depot)}).take(ask)
        assert depot.leases() == []


def test_a_failure_is_not_handed_on_to_who_asks_later():
    share = Shares()
    first = share.join("k")

    def fail():
        raise OSError("dead")

    with pytest.raises(OSError, match="dead"):
        first.get("a", 1, 1.0, fail)
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
            share.get("first", 1, 30.0, hang)

    thread = threading.Thread(target=first)
    thread.start()
    assert began.wait(30)
    share.pass_on("first")
    assert share.tries == 0
    picture: Any = object()
    assert share.get("second", 1, 1.0, lambda: picture) is picture
    go.set()
    thread.join(30)
    assert share.get("third", 1, 1.0, hang) is picture


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
