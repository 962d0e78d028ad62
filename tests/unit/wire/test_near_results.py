"""Results between processes of one machine: acknowledged when a user has them, and handed in again until then."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Iterator

import pytest

from rushes.errors import ClosedError, RushesError
from rushes.wire import near
from rushes.wire.jet_ticket import Ticket
from rushes.wire.near_drain import NearDrain
from rushes.wire.near_results import NearResult, NearResults

LONG_S = 20.0


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="rushes-") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        yield


def results() -> NearResults:
    return NearResults("here", shown="shm://here", look=lambda place: None, lost=lambda track, frame: b"lost")


def drain(member: int = 1) -> NearDrain:
    return NearDrain("here", shown="shm://here", track="a", member=member)


class Made:
    """A result that was handed in; ``safe()`` waits until it is with its user."""

    def __init__(
        self, to: NearDrain, index: int = 0, payload: bytes = b"pixels", place: near.Place | None = None
    ):
        self._told: queue.Queue[RushesError | None] = queue.Queue()
        id = f"main-9-a-{index}"
        ticket = Ticket("rushes.main.result.a", id, b"", memoryview(payload), True)
        ticket.on_done(self._told.put)
        to.publish(ticket, near.Result(id, 9, index, b"head", place), payload)

    def safe(self) -> RushesError | None:
        return self._told.get(timeout=LONG_S)

    @property
    def waits(self) -> bool:
        try:
            self._told.get(timeout=0.3)
        except queue.Empty:
            return True
        return False


def pulled(made: NearResults, credit: int = 10) -> queue.Queue[NearResult]:
    came: queue.Queue[NearResult] = queue.Queue()
    made.pull(credit, came.put)
    return came


def test_a_result_is_safe_when_its_user_has_it_and_not_before() -> None:
    with results() as bound, drain() as worker:
        came = pulled(bound)
        result = Made(worker)
        item = came.get(timeout=LONG_S)
        assert (item.head, bytes(item.payload)) == (b"head", b"pixels")
        assert result.waits
        item.ack()
        assert result.safe() is None
        assert worker.unconfirmed == 0


def test_one_that_comes_twice_while_the_first_waits_is_that_one_and_both_workers_wait_for_it() -> None:
    with results() as bound, drain(1) as one, drain(2) as other:
        came = pulled(bound)
        first = Made(one)
        item = came.get(timeout=LONG_S)
        second = Made(other)
        assert second.waits
        assert came.empty()
        item.ack()
        assert first.safe() is None
        assert second.safe() is None


def test_what_nobody_has_asked_for_waits_at_its_worker() -> None:
    with results() as bound, drain() as worker:
        made = [Made(worker, index) for index in range(3)]
        assert made[0].waits
        assert bound.waiting == 3
        came = pulled(bound, 1)
        came.get(timeout=LONG_S).ack()
        assert made[0].safe() is None
        assert made[1].waits
        bound.credit(5)
        for _ in range(2):
            came.get(timeout=LONG_S).ack()
        assert [each.safe() for each in made[1:]] == [None, None]


def test_one_that_is_put_off_comes_again() -> None:
    with results() as bound, drain() as worker:
        came = pulled(bound)
        result = Made(worker)
        came.get(timeout=LONG_S).nak(0.05)
        came.get(timeout=LONG_S).ack()
        assert result.safe() is None


def test_the_next_receiver_gets_what_the_last_one_had_and_nobody_took() -> None:
    with drain() as worker:
        result = Made(worker)
        for ends in (False, True):
            with results() as bound:
                item = pulled(bound).get(timeout=LONG_S)
                if ends:
                    item.ack()
                    assert result.safe() is None
        assert worker.unconfirmed == 0


def test_a_place_that_cannot_be_looked_into_is_asked_for_as_bytes() -> None:
    with results() as bound, drain() as worker:
        came = pulled(bound)
        result = Made(worker, place=near.Place("gone", 1, 6))
        item = came.get(timeout=LONG_S)
        assert bytes(item.payload) == b"pixels"
        item.ack()
        assert result.safe() is None


def test_a_worker_that_closes_hears_that_nobody_took_it() -> None:
    with results() as bound, drain() as worker:
        came = pulled(bound)
        result = Made(worker)
        came.get(timeout=LONG_S)
        worker.close()
        assert isinstance(result.safe(), ClosedError)


def test_frames_that_went_with_their_streamer_come_as_what_stands_for_them() -> None:
    with results() as bound, drain(1) as one, drain(2) as other:
        came = pulled(bound)
        for each in (one, other):
            each.serves(5)
        frames = [near.Frame(9, index, index) for index in range(4)]
        Made(one, 0)
        came.get(timeout=LONG_S).ack()
        one.lost(5, frames[:3], frames[3:])
        other.lost(5, [frames[0], frames[2], frames[3]], frames[1:2])
        item = came.get(timeout=LONG_S)
        assert (item.id, item.head) == ("lost-9-a-2", b"lost")
        other.close()
        assert came.get(timeout=LONG_S).id == "lost-9-a-1"
        one.close()
        assert came.get(timeout=LONG_S).id == "lost-9-a-3"
