from __future__ import annotations

import time

from rushes.clock import SYSTEM, Clock, SystemClock
from rushes.testing import ManualClock


def test_system_clock_reads_the_machine():
    assert isinstance(SYSTEM, SystemClock)
    assert abs(SYSTEM.wall_ns() - time.time_ns()) < 5_000_000_000
    before = time.monotonic_ns()
    assert before <= SYSTEM.monotonic_ns() <= time.monotonic_ns()


def test_system_sleep_waits_at_least_as_long_and_takes_no_wait_for_less_than_none():
    before = time.monotonic_ns()
    SYSTEM.sleep(0.02)
    assert time.monotonic_ns() - before >= 20_000_000
    SYSTEM.sleep(0)
    SYSTEM.sleep(-1)


def test_both_clocks_are_clocks():
    assert isinstance(SYSTEM, Clock)
    assert isinstance(ManualClock(), Clock)
