from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes import ConfigError
from rushes.capture.thin import Thinner

SECOND = 1_000_000_000


def taken(fps, times):
    thinner = Thinner(fps)
    return [at for at in times if thinner.wants(at)]


def test_none_takes_all():
    assert taken(None, [5, 5, 4, 9]) == [5, 5, 4, 9]


@pytest.mark.parametrize(("own", "fps"), [(25, 10), (60, 25), (30, 30), (30, 60), (30, 7)])
def test_as_many_a_second_as_asked_for(own, fps):
    times = [round(n * SECOND / own) for n in range(own * 60)]
    assert abs(len(taken(fps, times)) - 60 * min(own, fps)) <= 1


@given(st.lists(st.floats(-0.15, 0.15), min_size=100, max_size=100))
def test_wavering_times_do_not_add_up(jitter):
    times = [round((n + j) * SECOND / 25) for n, j in enumerate(jitter)]
    assert len(taken(25, times)) == 100


def test_after_a_gap_it_begins_anew():
    assert taken(10, [0, 10 * SECOND, 10 * SECOND + 1, round(10.1 * SECOND)]) == [
        0,
        10 * SECOND,
        round(10.1 * SECOND),
    ]


def test_a_clock_that_was_set_back_does_not_end_it():
    hour = 3600 * SECOND
    assert taken(10, [hour, 0, SECOND]) == [hour, 0, SECOND]


@pytest.mark.parametrize("fps", [0, -1])
def test_a_rate_that_is_none(fps):
    with pytest.raises(ConfigError):
        Thinner(fps)
