from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ConfigError
from rushes.stream.merge import Merge

S = 1_000_000_000


def merge(hold_s: float = 1.0, **options: int) -> Merge:
    return Merge({"a": True, "b": True}, round(hold_s * S), **options)


def taken(merge: Merge, now_ns: int) -> list[tuple[str, object]]:
    out = []
    while (found := merge.take(now_ns)) is not None:
        out.append(found)
    return out


def test_each_item_is_held_for_its_time_and_no_longer() -> None:
    held = merge(1.0)
    held.put("a", 5.0, "x", 0, 0)
    assert held.due_ns == S
    assert held.take(S - 1) is None
    assert held.take(S) == ("a", "x")
    assert held.due_ns is None


def test_what_comes_later_but_is_older_goes_first() -> None:
    held = merge(1.0)
    held.put("a", 5.0, "new", 0, 0)
    held.put("b", 4.0, "old", 0, S // 2)
    assert taken(held, S) == [("b", "old"), ("a", "new")]


def test_what_is_newer_stays_when_an_older_one_goes() -> None:
    held = merge(1.0)
    held.put("a", 5.0, "old", 0, 0)
    held.put("b", 6.0, "new", 0, S // 2)
    assert taken(held, S) == [("a", "old")]
    assert taken(held, S + S // 2) == [("b", "new")]


def test_items_of_one_moment_go_in_the_order_in_which_they_came() -> None:
    held = merge(0.0)
    for item in range(5):
        held.put("ba"[item % 2], 1.0, {"unordered": item}, 0, 0)
    assert [item for _, item in taken(held, 0)] == [{"unordered": item} for item in range(5)]


def test_what_is_older_than_what_went_is_late_and_counted() -> None:
    held = merge(0.0)
    held.put("a", 5.0, "x", 0, 0)
    assert taken(held, 0)
    assert not held.put("b", 4.9, "late", 0, 1)
    assert held.put("b", 5.0, "in time", 0, 1)
    assert held.stats()["b"].dropped == {"late": 1}
    assert taken(held, 1) == [("b", "in time")]


def test_a_clock_that_was_set_back_is_followed_after_a_while() -> None:
    held = merge(0.5)
    held.put("a", 1000.0, "x", 0, 0)
    assert taken(held, S)
    came = [held.put("a", 10.0 + tenth / 10, tenth, 0, S + tenth * S // 10) for tenth in range(30)]
    assert came == [False] * 16 + [True] * 14
    assert [item for _, item in taken(held, 5 * S)] == [29]  # and those that nobody took are stale
    assert held.stats()["a"].adds_up


def test_late_items_between_others_do_not_set_the_order_back() -> None:
    held = merge(0.0)
    for tenth in range(50):
        now = tenth * S // 10
        assert held.put("a", 1000.0 + tenth, "x", 0, now)
        assert taken(held, now)
        assert not held.put("b", 10.0, "late", 0, now)


def test_a_full_lane_keeps_its_newest_and_leaves_the_others_alone() -> None:
    held = merge(1.0, max_items=3)
    held.put("b", 0.0, "other", 0, 0)
    for number in range(10):
        held.put("a", float(number), number, 0, 0)
    assert taken(held, S) == [("b", "other"), ("a", 7), ("a", 8), ("a", 9)]
    stats = held.stats()
    assert stats["a"].dropped == {"stale": 7}
    assert stats["b"].dropped == {}


def test_a_lane_is_bounded_in_bytes_but_takes_one_item_of_any_size() -> None:
    held = merge(1.0, max_bytes=100)
    for number, size in enumerate((60, 30, 30, 500)):
        held.put("a", float(number), number, size, 0)
    assert taken(held, S) == [("a", 3)]
    held.put("a", 9.0, 9, 100, S)
    assert taken(held, 2 * S) == [("a", 9)]


def test_what_went_makes_room_for_its_bytes() -> None:
    held = merge(0.0, max_bytes=100)
    for number in range(5):
        held.put("a", float(number), number, 60, 0)
        assert held.take(0) == ("a", number)
    held.put("a", 8.0, 8, 50, 0)
    held.put("a", 9.0, 9, 50, 0)
    assert taken(held, 0) == [("a", 8), ("a", 9)]
    held.put("b", 9.0, 9, 100, 0)
    assert not held.room("b")
    held.clear()
    assert held.room("b")


def test_one_that_is_not_live_loses_nothing_and_is_hurried_instead() -> None:
    held = Merge({"file": False}, S, max_items=3)
    out = []
    for number in range(10):
        while not held.room("file"):
            held.hurry("file")
            out += taken(held, 0)
        held.put("file", float(number), number, 0, 0)
    held.flush()
    out += taken(held, 0)
    assert [item for _, item in out] == list(range(10))
    assert held.stats()["file"].dropped == {}


def test_hurrying_an_empty_one_does_nothing() -> None:
    held = merge()
    held.hurry("a")
    assert held.take(0) is None


def test_a_reader_that_falls_behind_is_given_the_newest_of_each() -> None:
    held = merge(0.5)
    for number in range(20):
        now = number * S // 10
        held.put("a", float(number), number, 0, now)
        held.put("b", number + 0.5, number, 0, now)
    # At 2.5 s those of up to 1.5 s have been overdue for half a second.
    assert taken(held, 5 * S // 2)[:4] == [("a", 15), ("b", 15), ("a", 16), ("b", 16)]
    assert held.stats()["a"].dropped == {"stale": 15}


def test_after_flush_everything_goes_in_order() -> None:
    held = merge(100.0)
    for number in (3, 1, 2):
        held.put("a", float(number), number, 0, 0)
    held.flush()
    assert [item for _, item in taken(held, 0)] == [1, 2, 3]


def test_what_is_cleared_is_counted_as_closed() -> None:
    held = merge()
    held.put("a", 1.0, "x", 7, 0)
    held.clear()
    assert held.take(9 * S) is None
    assert held.stats()["a"].dropped == {"closed": 1}
    assert held.stats()["b"].dropped == {}


@pytest.mark.parametrize("wrong", [{"hold_ns": -1}, {"max_items": 0}, {"max_bytes": 0}])
def test_bounds_that_are_none_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least"):
        Merge({}, **({"hold_ns": 0} | wrong))


@given(st.integers(0, 2**32))
def test_whatever_comes_goes_in_order_within_its_bounds_and_is_accounted_for(seed: int) -> None:
    rng = random.Random(seed)
    held = Merge({"a": True, "b": True, "c": False}, S // 2, max_items=8, max_bytes=100)
    now, last = 0, float("-inf")
    for _ in range(300):
        now += rng.randrange(S // 20)
        name = rng.choice("abc")
        if rng.random() < 0.6 and (name != "c" or held.room("c")):
            held.put(name, now / S + rng.uniform(-0.6, 0.1), name, rng.randrange(60), now)
        elif (found := held.take(now)) is not None:
            assert found[0] == found[1]
        for each in held.stats().values():
            assert each.adds_up
            assert each.waiting <= 8
        assert "stale" not in held.stats()["c"].dropped
        assert held._last >= last
        last = held._last
    held.flush()
    taken(held, now)
    assert all(each.waiting == 0 and each.adds_up for each in held.stats().values())
