from __future__ import annotations

from typing import Any

import pytest

from rushes.stream.outbox import Ready
from rushes.stream.sorting import Lost, Sorting
from rushes.wire.flow import Gap
from tests.support.streams import PIXEL, anything, header

RESULTS: tuple[Any, ...] = (PIXEL, Lost("bad"), Lost("stale"), PIXEL)


def given(sorting: Sorting) -> list[int | Gap]:
    items: list[int | Gap] = []
    while (item := sorting.outbox.take(anything)) is not None:
        sorting.delivered += isinstance(item, Ready)
        items.append(item if isinstance(item, Gap) else item.header.number)
    stats = sorting.stats(0, 0)
    assert stats.adds_up, stats
    return items


def come(sorting: Sorting, *numbers: int, run: int = 1, track: str = "none") -> None:
    for number in numbers:
        ticket = sorting.arrive(header(number, run=run, track=track))
        if ticket is not None:
            sorting.settle(ticket, PIXEL, 0)


def mark(sorting: Sorting, number: int) -> None:
    sorting.mark(header(number, codec="mark", length=0))


@pytest.mark.parametrize("ordered", [True, False])
def test_a_mark_tells_the_missing_last_ones_once(ordered: bool) -> None:
    sorting = Sorting()
    sorting.order(ordered=ordered, max_wait_ns=0)
    come(sorting, 0)
    for _ in range(2):
        mark(sorting, 3)
    come(sorting, 4)
    assert given(sorting) == [0, Gap(1, 3, "wire", "none"), 4]
    assert sorting.stats(0, 0).dropped == {"wire": 3}


def test_a_mark_of_a_run_of_which_nothing_came_says_nothing() -> None:
    sorting = Sorting()
    mark(sorting, 7)
    assert given(sorting) == []
    assert sorting.stats(0, 0).expected == 0


def test_the_gap_of_a_mark_that_awaits_its_turn_is_no_frame() -> None:
    sorting = Sorting()
    assert sorting.arrive(header(0)) is not None
    mark(sorting, 2)
    assert sorting.stats(1, 0).adds_up, sorting.stats(1, 0)


def test_the_gap_of_a_mark_waits_for_frames_that_are_still_decoded() -> None:
    sorting = Sorting()
    ticket = sorting.arrive(header(0))
    assert ticket is not None
    mark(sorting, 2)
    assert sorting.outbox.take(anything) is None
    sorting.settle(ticket, PIXEL, 0)
    assert given(sorting) == [0, Gap(1, 2, "wire", "none")]


@pytest.mark.parametrize(
    ("ordered", "number"),
    [
        (True, 1),
        (True, 2),
        (False, 1),
        (False, 2),
    ],
)
def test_what_comes_after_the_gap_of_a_mark_is_late(ordered: bool, number: int) -> None:
    sorting = Sorting()
    sorting.order(ordered=ordered, max_wait_ns=0)
    come(sorting, 0)
    mark(sorting, 2)
    come(sorting, number)
    assert given(sorting) == [0, Gap(1, 2, "wire", "none")]
    assert sorting.stats(0, 0).dropped["late"] == 1


def test_each_track_is_in_order_for_itself() -> None:
    sorting = Sorting()
    sorting.order(ordered=True, max_wait_ns=10)
    come(sorting, 0, track="a")
    come(sorting, 0, track="b")
    come(sorting, 2, track="a")
    come(sorting, 1, track="b")
    assert given(sorting) == [0, 0, 1]
    sorting.due(10)
    assert given(sorting) == [Gap(1, 1, "wire", "a"), 2]


def test_lost_ones_are_told_in_their_place_with_their_reason() -> None:
    sorting = Sorting()
    tickets = [sorting.arrive(header(number)) for number in range(4)]
    for ticket, result in zip(tickets, RESULTS, strict=True):
        assert ticket is not None
        sorting.settle(ticket, result, 0)
    assert given(sorting) == [0, Gap(1, 1, "bad", "none"), Gap(2, 2, "stale", "none"), 3]


def test_a_frame_that_was_none_after_all_is_bad() -> None:
    sorting = Sorting()
    come(sorting, 0)
    assert given(sorting) == [0]
    sorting.spoil()
    stats = sorting.stats(0, 0)
    assert (stats.delivered, stats.dropped, stats.adds_up) == (0, {"bad": 1}, True)


def test_runs_that_take_turns_lose_nothing_that_comes_in_order() -> None:
    sorting = Sorting()
    for number in range(5):
        for run in (1, 2):
            come(sorting, number, run=run)
    assert given(sorting) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_of_more_runs_than_are_kept_none_is_counted_twice_or_kept_for_ever() -> None:
    sorting = Sorting()
    sorting.order(ordered=True, max_wait_ns=10**9)
    for run in range(200):
        come(sorting, 0, 2, run=run, track=f"track-{run}")
    assert len(sorting._lines) <= 64
    assert len(sorting._passing) <= 64
    sorting.end()
    given(sorting)
    stats = sorting.stats(0, 0)
    assert (stats.expected, stats.dropped["wire"]) == (600, 200)
    assert stats.waiting == 0


def test_a_number_that_is_far_ahead_costs_no_more_than_any_other() -> None:
    sorting = Sorting()
    come(sorting, 0, 2**62)
    assert given(sorting) == [0, Gap(1, 2**62 - 1, "wire", "none"), 2**62]
