from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.capture.pacer import Pacer
from rushes.errors import ConfigError

SECOND = 1_000_000_000


def test_nothing_is_due_before_the_first_deadline():
    pacer = Pacer(10, start_ns=500)
    assert pacer.poll(499) is None
    assert pacer.wait_ns(400) == 100
    assert pacer.wait_ns(500) == 0
    tick = pacer.poll(500)
    assert tick is not None
    assert (tick.number, tick.late_ns, tick.skipped) == (0, 0, 0)


def test_each_deadline_is_served_once():
    pacer = Pacer(10, start_ns=0)
    assert pacer.poll(0) is not None
    assert pacer.poll(0) is None
    assert pacer.poll(SECOND // 10 - 1) is None
    assert pacer.wait_ns(0) == SECOND // 10


def test_missed_deadlines_are_counted_and_not_made_up():
    pacer = Pacer(10, start_ns=0)
    pacer.poll(0)
    tick = pacer.poll(3 * SECOND // 10 + 5)
    assert tick is not None
    assert (tick.number, tick.skipped, tick.late_ns) == (3, 2, 5)
    assert pacer.poll(3 * SECOND // 10 + 6) is None, "a burst"
    assert (pacer.ticks, pacer.skipped, pacer.late) == (2, 2, 0)


def test_late_means_more_than_half_a_period():
    pacer = Pacer(10, start_ns=0)
    pacer.poll(SECOND // 20)
    assert pacer.late == 0
    pacer.poll(SECOND // 10 + SECOND // 20 + 1)
    assert pacer.late == 1


def test_going_on_after_an_interruption_counts_what_passed_meanwhile():
    pacer = Pacer(10, start_ns=0, first=7)
    tick = pacer.poll(SECOND)
    assert tick is not None
    assert (tick.number, tick.skipped) == (10, 3)


def test_a_broadcast_rate_does_not_drift():
    pacer = Pacer(30000 / 1001, start_ns=0)
    hour = 3600 * 30000
    tick = pacer.poll(3600 * 1001 * SECOND)
    assert tick is not None
    assert tick.number == hour
    assert tick.late_ns == 0


@pytest.mark.parametrize("fps", [0, -1, 0.0001, float("-inf")])
def test_a_rate_that_cannot_be_kept_is_refused(fps):
    with pytest.raises(ConfigError):
        Pacer(fps, start_ns=0)


rates = st.one_of(
    st.integers(1, 1000), st.fractions(Fraction(1, 100), 1000, max_denominator=1001), st.floats(0.01, 1000)
)


@given(fps=rates, start=st.integers(-(10**15), 10**15), pauses=st.lists(st.integers(0, 10**10), max_size=60))
def test_every_deadline_up_to_now_is_served_or_skipped(fps, start, pauses):
    pacer = Pacer(fps, start)
    now, served = start, []
    for pause in [0, *pauses]:
        now += pause
        wait = pacer.wait_ns(now)
        tick = pacer.poll(now)
        assert (tick is None) == (wait > 0)
        if tick is not None:
            served.append(tick.number)
            assert 0 <= tick.late_ns < pacer.period_ns + 1, "the newest due one is served"
        assert pacer.poll(now) is None, "never two at one moment"
        assert pacer.wait_ns(now) > 0
        assert pacer.ticks + pacer.skipped == served[-1] + 1
    assert served == sorted(set(served))
    assert pacer.ticks == len(served)


@given(fps=rates, start=st.integers(-(10**15), 10**15), count=st.integers(1, 300))
def test_who_waits_as_told_serves_all_on_time(fps, start, count):
    pacer = Pacer(fps, start)
    now = start
    for expected in range(count):
        now += pacer.wait_ns(now)
        tick = pacer.poll(now)
        assert tick is not None
        assert (tick.number, tick.late_ns, tick.skipped) == (expected, 0, 0)
    assert pacer.skipped == pacer.late == 0
