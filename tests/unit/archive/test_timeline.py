from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rushes.archive.timeline import Stamp, Timeline

S = 1_000_000_000
T = 1_700_000_000 * S


def test_a_steady_clock_is_kept_to_the_nanosecond():
    line = Timeline(None)
    times = [T + number * 40_000_000 + number for number in range(5)]
    assert [line.stamp(each) for each in times] == [
        Stamp(times[0], "first"),
        *(Stamp(each, "") for each in times[1:]),
    ]
    assert line.steps == 0


def test_a_pause_begins_anew():
    line = Timeline(T)
    assert line.stamp(T + S) == Stamp(T + S, "first")
    assert line.stamp(T + 3 * S) == Stamp(T + 3 * S, "")
    assert line.stamp(T + 5 * S + 1) == Stamp(T + 5 * S + 1, "pause")


@pytest.mark.parametrize("back", [0, 1, 50_000_000, 99_000_000])
def test_what_wavers_is_put_right_behind(back):
    line = Timeline(None)
    line.stamp(T)
    first, second = line.stamp(T - back), line.stamp(T - back)
    assert not first.fresh
    assert not second.fresh
    assert T < first.t_ns < second.t_ns < T + S // 1000
    assert line.steps == 0


def test_a_clock_set_back_keeps_its_new_times_and_hides_what_lies_under_them():
    line = Timeline(None)
    line.stamp(T)
    line.stamp(T + S)
    assert line.stamp(T - 3600 * S) == Stamp(T - 3600 * S, "set back", T - 3600 * S)
    assert line.stamp(T - 3600 * S + S) == Stamp(T - 3599 * S, "", T - 3600 * S + 1)
    # What lies in a pause is hidden as well: it was made by the wrong clock.
    assert line.stamp(T - 3500 * S) == Stamp(T - 3500 * S, "pause", T - 3599 * S + 1)
    assert line.stamp(T + 2 * S) == Stamp(T + 2 * S, "pause")
    assert line.stamp(T + S) == Stamp(T + S, "set back", T + S)
    assert line.steps == 2


def test_what_an_earlier_recording_left_in_the_future_is_hidden():
    line = Timeline(T + 5 * S)
    assert line.stamp(T) == Stamp(T, "set back", T)
    assert line.stamp(T + S) == Stamp(T + S, "", T + 1)
    assert line.stamp(T + 6 * S) == Stamp(T + 6 * S, "pause")


@example([100_000_001, 0, 0], None)  # a clock that begins at 0
@given(st.lists(st.integers(0, 20 * S), min_size=1, max_size=40), st.none() | st.integers(0, 20 * S))
def test_moments_grow_unless_it_says_otherwise_and_whatever_lies_under_them_is_hidden(moves, last):
    line = Timeline(last)
    before: Any = None
    most = last
    for captured in moves:
        stamp = line.stamp(captured)
        assert abs(stamp.t_ns - captured) <= 100_000_000 + 40 * 12_000 + 1
        if before is not None and stamp.fresh != "set back":
            assert stamp.t_ns > before
        under = most is not None and stamp.t_ns <= most
        assert (stamp.hides_from_ns is not None) == under
        if under:
            assert stamp.hides_from_ns == (stamp.t_ns if stamp.fresh == "set back" else before + 1)
        before, most = stamp.t_ns, stamp.t_ns if most is None else max(most, stamp.t_ns)
