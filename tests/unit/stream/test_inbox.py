from __future__ import annotations

import threading

import pytest

from rushes.errors import BadMessage, CorruptImage, FrameGone
from rushes.stream.outbox import Ready
from rushes.wire.flow import Gap
from tests.support.streams import PATIENCE_S, Arrived, anything, eventually, header, working
from tests.unit.stream.boxes import balanced, drain, inbox, of_track


def test_what_arrives_is_taken_in_order_and_missing_numbers_are_told_once() -> None:
    box = inbox()
    for number in (3, 4, 7, 8):
        box.arrive(Arrived(header(number)))
    assert drain(box) == [3, 4, Gap(5, 6, "wire", "none"), 7, 8]
    stats = balanced(box)
    assert (stats.expected, stats.delivered, stats.dropped, stats.waiting) == (6, 4, {"wire": 2}, 0)


def test_a_number_that_comes_twice_is_given_once() -> None:
    box = inbox()
    for number in (0, 1, 1, 0, 2):
        box.arrive(Arrived(header(number)))
    assert drain(box) == [0, 1, 2]
    assert balanced(box).duplicates == 2


@pytest.mark.parametrize(
    "fault", [BadMessage("broken"), CorruptImage("broken"), ValueError("a decoder's own")]
)
def test_what_cannot_be_decoded_is_bad_and_ends_nothing(fault: Exception) -> None:
    box = inbox()
    for number in range(3):
        box.arrive(Arrived(header(number), fault=fault if number == 1 else None))
    assert drain(box) == [0, Gap(1, 1, "bad", "none"), 2]
    assert balanced(box).dropped == {"bad": 1}


def test_a_frame_that_left_its_depot_is_stale() -> None:
    box = inbox()
    box.arrive(Arrived(header(0), fault=FrameGone("gone")))
    assert drain(box) == [Gap(0, 0, "stale", "none")]
    assert balanced(box).dropped == {"stale": 1}


def test_when_nobody_takes_the_newest_are_kept_and_the_others_told_as_stale() -> None:
    box = inbox()
    for number in range(100):
        box.arrive(Arrived(header(number)))
        assert balanced(box).waiting <= 8
    items = drain(box)
    assert items[-1] == 99
    stats = balanced(box)
    assert stats.expected == 100
    assert stats.dropped["stale"] == 100 - stats.delivered
    assert sum(item.count for item in items if isinstance(item, Gap)) == stats.dropped["stale"]


def test_what_came_after_its_gap_is_late() -> None:
    box = inbox()
    box.arrive(Arrived(header(0)))
    box.arrive(Arrived(header(2)))
    assert drain(box) == [0, Gap(1, 1, "wire", "none"), 2]
    box.arrive(Arrived(header(1)))
    assert drain(box) == []
    assert balanced(box).dropped == {"late": 1}


def test_a_missing_number_is_waited_for() -> None:
    box = inbox()
    box.order(ordered=True, max_wait_s=60)
    for number in (0, 2, 1):
        box.arrive(Arrived(header(number)))
    assert drain(box) == [0, 1, 2]
    assert balanced(box).dropped == {}


def test_a_reader_that_sleeps_is_given_the_gap_when_the_wait_is_over() -> None:
    box = inbox()
    box.order(ordered=True, max_wait_s=0.05)
    for number in (0, 2):
        box.arrive(Arrived(header(number)))
    assert box.take(PATIENCE_S, anything) is not None
    assert box.take(PATIENCE_S, anything) == Gap(1, 1, "wire", "none")
    assert drain(box) == [2]


def test_a_new_run_lets_go_of_what_waited_in_the_one_before() -> None:
    box = inbox()
    box.order(ordered=True, max_wait_s=60)
    for number in (0, 2):
        box.arrive(Arrived(header(number)))
    assert drain(box) == [0]
    box.arrive(Arrived(header(0, run=2)))
    assert drain(box) == [Gap(1, 1, "wire", "none"), 2, 0]
    assert balanced(box).waiting == 0


def test_a_new_run_loses_nothing_of_the_one_before_that_is_not_decoded_yet() -> None:
    box = inbox()
    box.order(ordered=True, max_wait_s=60)
    for number, run in ((0, 1), (2, 1), (0, 2)):
        box.arrive(Arrived(header(number, run=run)))
    items = drain(box)
    balanced(box)
    assert items == [0, Gap(1, 1, "wire", "none"), 2, 0]


def test_each_frame_goes_to_one_reader_in_order_however_long_its_decoding_takes() -> None:
    box = inbox(ahead=4)
    gates = [threading.Event() for _ in range(4)]
    with working(box, 4):
        for number, gate in enumerate(gates):
            box.arrive(Arrived(header(number), gate=gate))
        for gate in reversed(gates):
            gate.set()
            balanced(box)
        items = [box.take(PATIENCE_S, anything) for _ in gates]
    assert [item.header.number for item in items if isinstance(item, Ready)] == [0, 1, 2, 3]


def test_the_account_holds_while_frames_are_taken_as_they_are_decoded() -> None:
    box = inbox(ahead=2)
    box.order(ordered=False, max_wait_s=0)
    gate = threading.Event()
    with working(box, 2):
        try:
            box.arrive(Arrived(header(0), gate=gate))
            box.arrive(Arrived(header(1)))
            eventually(lambda: box.stats(0).waiting != 2 or box._sorting.outbox.frames)
            balanced(box)
        finally:
            gate.set()


def test_frames_taken_as_they_are_decoded_are_all_given() -> None:
    box = inbox(ahead=2)
    box.order(ordered=False, max_wait_s=0)
    gate = threading.Event()
    with working(box, 2):
        box.arrive(Arrived(header(0), gate=gate))
        box.arrive(Arrived(header(1)))
        eventually(lambda: box._sorting.outbox.has(anything))
        gate.set()
        eventually(lambda: box._decoding == 0)
        items = drain(box)
    assert sorted(item for item in items if isinstance(item, int)) == [0, 1]
    assert balanced(box).dropped == {}


def test_no_frame_is_lost_when_a_reader_asks_for_another_order_meanwhile() -> None:
    box = inbox(ahead=3)
    gate = threading.Event()
    with working(box, 2):
        box.arrive(Arrived(header(0), gate=gate))
        eventually(lambda: box._decoding == 1)
        box.arrive(Arrived(header(1)))
        eventually(lambda: len(box._sorting._turns.early) == 1)
        box.order(ordered=False, max_wait_s=0)
        gate.set()
        eventually(lambda: box._decoding == 0)
        items = drain(box)
    balanced(box)
    assert sorted(item for item in items if isinstance(item, int)) == [0, 1]


def test_a_reader_of_one_track_does_not_pile_up_the_frames_of_others() -> None:
    box = inbox(ahead=2)
    for number in range(100):
        box.arrive(Arrived(header(number, track="other")))
        assert box.take(0, of_track("mine")) is None
    assert balanced(box).waiting <= 16
    box.stop()


def test_a_sender_that_names_ever_new_tracks_costs_bounded_memory() -> None:
    box = inbox()
    for number in range(300):
        box.arrive(Arrived(header(0, track=f"track-{number}")))
        drain(box)
    assert balanced(box).expected == 300
    assert len(box._sorting._lines) <= 64
    assert len(box._sorting._passing) <= 64


def test_readers_of_different_tracks_leave_each_other_theirs() -> None:
    box = inbox(ahead=2)
    for number in range(2):
        for track in ("a", "b"):
            box.arrive(Arrived(header(number, track=track)))
    assert drain(box, of_track("b")) == [0, 1]
    assert drain(box, of_track("a")) == [0, 1]
    assert balanced(box).waiting == 0
