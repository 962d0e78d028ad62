"""Whole groups or their beginnings, and times of two clocks that come apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.capture.arrival import Arrival
from rushes.capture.burst import is_over, origin_ns
from rushes.capture.groups import Groups

SECOND = 1_000_000_000
BEGUN = 1_700_000_000 * SECOND


def play(arrival, pictures):
    """Pictures as (shown, key, arrived), in seconds; what each is stamped with, in seconds after the beginning."""
    stamps = [
        arrival.stamp(shown, shown, 0.04, key, BEGUN + round(at * SECOND)) for shown, key, at in pictures
    ]
    return [(each - BEGUN) / SECOND for each in stamps]


def test_the_first_was_taken_when_it_arrived_and_the_others_by_their_own_times():
    found = play(Arrival(), [(100.0, True, 0.0), (100.04, False, 0.3), (100.08, False, 0.31)])
    assert [round(each, 6) for each in found] == [0.0, 0.04, 0.08]


def test_what_fell_behind_goes_to_the_time_of_arrival_at_a_key_frame_only():
    found = play(
        Arrival(),
        [(0.0, True, 0.0), (0.5, False, 2.0), (1.0, True, 2.5), (1.5, False, 2.6), (2.0, True, 3.9)],
    )
    assert [round(each, 6) for each in found] == [0.0, 0.5, 2.5, 3.0, 3.5]


def test_what_came_in_a_burst_runs_slower_until_the_clock_has_caught_up():
    """Two seconds that a server had kept, at once; then as they are taken."""
    pictures = [(n / 25, n % 25 == 0, max(0.0, n / 25 - 2)) for n in range(25 * 10)]
    found = play(Arrival(), pictures)
    assert all(later > earlier for earlier, later in pairwise(found))
    assert abs(found[-1] - pictures[-1][2]) <= 0.5
    assert min(later - earlier for earlier, later in pairwise(found)) > 0.019


def test_a_new_connection_begins_anew_and_never_before_what_was():
    arrival = Arrival()
    play(arrival, [(0.0, True, 0.0), (0.4, False, 0.1)])
    arrival.begin(50.0, 50.0, BEGUN + 3 * SECOND // 10)
    assert play(arrival, [(50.0, True, 0.3)])[0] > 0.4
    arrival.begin(7.0, 7.0, BEGUN + 9 * SECOND)
    assert [round(each, 6) for each in play(arrival, [(7.0, True, 9.0), (7.1, False, 9.1)])] == [9.0, 9.1]


def test_what_was_sent_at_once_was_taken_before_it_arrived():
    """A second of it came at 1.17, and then one by one."""
    together = [(n / 25, BEGUN + round(1.17 * SECOND) + n * 100_000) for n in range(26)]
    alone = (26 / 25, BEGUN + round((26 / 25 + 0.16) * SECOND))
    arrivals = [at for _, at in [*together, alone]]
    assert [is_over(arrivals[0], last, now) for last, now in pairwise(arrivals)] == [*[False] * 25, True]
    assert (origin_ns([*together, alone]) - BEGUN) / SECOND == pytest.approx(0.16)
    assert origin_ns(together[:1]) == together[0][1]


def test_a_fast_stream_is_no_burst_without_an_end():
    assert is_over(0, SECOND // 4 - 1_000_000, SECOND // 4)


def test_times_of_two_clocks_tell_nothing_of_a_burst():
    assert origin_ns([(5.0, BEGUN), (90_000.0, BEGUN + 1)]) == BEGUN
    assert origin_ns([(5.0, BEGUN), (0.0, BEGUN + 1)]) == BEGUN


def test_pictures_shown_in_another_order_keep_it():
    arrival = Arrival()
    shown = [0.0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.20]
    stamps = [arrival.stamp(at, n * 0.04 - 0.08, 0.04, n == 0, BEGUN) for n, at in enumerate(shown)]
    assert [round((each - BEGUN) / SECOND, 6) for each in stamps] == shown


def test_a_stream_whose_own_clock_jumps_is_mended_at_once():
    found = play(Arrival(), [(0.0, True, 0.0), (90_000.0, False, 0.04), (90_000.04, False, 0.08)])
    assert [round(each, 6) for each in found] == [0.0, 0.04, 0.08]


def test_our_own_clock_set_back_is_followed():
    found = play(Arrival(), [(0.0, True, 0.0), (1.0, True, -3600.0), (1.04, False, -3599.96)])
    assert [round(each, 6) for each in found] == [0.0, -3600.0, -3599.96]


def test_pictures_without_times_follow_one_another():
    arrival = Arrival()
    stamps = [arrival.stamp(None, None, 0.04, n == 0, BEGUN) for n in range(3)]
    assert [each - BEGUN for each in stamps] == [0, SECOND // 25, 2 * SECOND // 25]


@given(
    st.lists(
        st.tuples(st.floats(-0.2, 3.0), st.booleans(), st.floats(0.0, 3.0), st.booleans()),
        min_size=1,
        max_size=80,
    )
)
def test_no_mending_goes_back(steps):
    """Whatever the two clocks do, where pictures are shown in the order of decoding."""
    arrival, shown, at, last = Arrival(), 0.0, 0.0, 0
    for step, key, passed, again in steps:
        at += passed
        shown += max(0.001, step)
        if again:
            shown = step
            arrival.begin(shown, shown, BEGUN + round(at * SECOND))
        stamp = arrival.stamp(shown, shown, 0.04, key, BEGUN + round(at * SECOND))
        assert stamp > last
        last = stamp


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=60))
def test_whatever_is_given_builds_upon_what_was_given(pictures):
    groups, whole = Groups(), False
    for key, fits, damaged in pictures:
        lost = groups.judge(key, fits=fits, damaged=damaged)
        # Whole: the key frame and all since it were given.
        if key:
            whole = fits
        else:
            whole = whole and fits and not damaged
        assert (lost == "") == whole
        assert not (key and lost not in ("", "behind"))


def test_each_loss_has_its_name():
    groups = Groups()
    assert groups.judge(False) == "no key frame"
    assert groups.judge(True) == ""
    assert groups.judge(False, fits=False) == "behind"
    assert groups.judge(False) == "behind"
    assert groups.judge(True) == ""
    assert groups.judge(False, damaged=True) == "damaged"
    assert groups.judge(False, fits=False) == "damaged"
    groups.restart()
    assert groups.judge(False) == "no key frame"
