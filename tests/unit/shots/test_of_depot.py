"""Pictures out of a depot: its slots are given back at once, whatever ends the shot.

Errors are held on to while leases are looked at: one that is dropped takes the frames of its traceback along, and
with them the leases that nobody gave back.
"""

from __future__ import annotations

import threading
import time

import pytest

from rushes import Depot
from rushes.errors import DeadlineExceeded, JobCancelled, WriterGone
from rushes.shots import of_depot
from rushes.shots.mapped import MappedBackend
from rushes.shots.request import Ask
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_host import Token
from tests.unit.shots.test_mapped import take


def take_new(depot, token: Token, timeout_s: float = 20.0):
    """A picture newer than any there is."""
    return MappedBackend({"door": depot}).take(Ask("door", None, 0, False, 10, timeout_s, token))


class Watched:
    """A depot that calls back before it waits."""

    def __init__(self, depot, before_next):
        self._depot, self._before_next = depot, before_next

    def __getattr__(self, name):
        return getattr(self._depot, name)

    def next(self, after, timeout_s=None):
        self._before_next(after)
        return self._depot.next(after, timeout_s=timeout_s)


@pytest.fixture
def depot():
    with Depot.create(slots=4, shape=(24, 32, 3)) as made:
        for number in range(3):
            made.put(frame(number).array, number, captured_ns=1 + number)
        yield made


def test_a_cancelled_shot_gives_its_slot_back_and_says_nothing_of_the_channel(depot):
    token = Token()

    def cancel(after):
        token.cancel()
        depot.put(frame(9).array, captured_ns=5)  # comes as the shot is cancelled, and is too old anyway

    with pytest.raises(JobCancelled) as caught:
        take_new(Watched(depot, cancel), token)
    assert depot.leases() == []
    assert caught.value.__traceback__ is not None


def test_a_cancelled_shot_leaves_soon_though_nothing_comes(depot):
    token, waits = Token(), threading.Event()
    began = time.monotonic()
    timer = threading.Thread(target=lambda: waits.wait(30) and token.cancel())
    timer.start()
    with pytest.raises(JobCancelled):
        take_new(Watched(depot, lambda after: waits.set()), token, timeout_s=40.0)
    timer.join()
    assert time.monotonic() - began < 20


def test_a_frame_that_is_too_old_is_not_held_while_the_next_is_waited_for(depot):
    seen = []
    with pytest.raises(DeadlineExceeded):
        take_new(Watched(depot, lambda after: seen.append(len(depot.leases()))), Token(), timeout_s=0.05)
    assert set(seen) == {0}


def test_frames_that_are_all_too_old_do_not_outlive_the_time_out(depot):
    class Endless:
        """A depot whose every next frame is there at once, and too old."""

        def newest(self):
            return depot.newest()

        def next(self, after, timeout_s=None):
            return depot.newest()

    with pytest.raises(DeadlineExceeded) as caught:
        take_new(Endless(), Token(), timeout_s=0.05)
    assert depot.leases() == []
    assert caught.value.__traceback__ is not None


def test_a_frame_that_cannot_be_used_is_given_back(depot, monkeypatch):
    def refuse(*_):
        raise ValueError("no such picture")

    monkeypatch.setattr(of_depot, "of_frame", refuse)
    with pytest.raises(ValueError, match="no such") as caught:
        take(depot)
    assert depot.leases() == []
    monkeypatch.setattr(of_depot, "_next_is_later", refuse)
    with pytest.raises(ValueError, match="no such") as caught:
        take(depot, at_ns=2)
    assert depot.leases() == []
    assert caught.value.__traceback__ is not None


def test_what_a_dead_writer_left_is_still_there(depot):
    def gone(after):
        if after >= depot.head:
            raise WriterGone("it was killed")

    assert take(Watched(depot, gone), at_ns=3000).number == 2
