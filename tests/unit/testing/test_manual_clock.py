from __future__ import annotations

import threading

import pytest

from rushes.testing import ManualClock


def test_stands_still_until_advanced():
    clock = ManualClock(wall_ns=1000)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (1000, 0)
    clock.advance(1.5)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (1_500_001_000, 1_500_000_000)


def test_never_back_but_the_wall_may_be_set():
    clock = ManualClock()
    clock.advance(2)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    clock.set_wall(5)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (5, 2_000_000_000)
    clock.advance(1)
    assert clock.wall_ns() == 1_000_000_005


def test_a_lone_sleeper_is_woken():
    clock = ManualClock()
    thread = threading.Thread(target=clock.sleep, args=(1.0,), daemon=True)
    thread.start()
    clock.wait_for_sleepers()
    clock.advance(1)
    thread.join(10)
    assert not thread.is_alive()


def test_sleepers_wake_in_their_turn():
    clock = ManualClock()
    woken: list[float] = []
    events = {seconds: threading.Event() for seconds in (1.0, 3.0)}

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        woken.append(seconds)
        events[seconds].set()

    threads = [threading.Thread(target=sleep, args=(seconds,), daemon=True) for seconds in events]
    for each in threads:
        each.start()
    clock.wait_for_sleepers(2)
    clock.advance(0.5)
    assert clock.sleepers == 2
    clock.advance(0.5)
    assert events[1.0].wait(10)
    assert woken == [1.0]
    assert clock.sleepers == 1
    clock.advance(2)
    for each in threads:
        each.join(10)
    assert woken == [1.0, 3.0]


def test_no_wait_for_nothing_and_no_endless_wait_for_sleepers():
    clock = ManualClock()
    clock.sleep(0)
    clock.sleep(-1)
    with pytest.raises(TimeoutError, match="0 of 1"):
        clock.wait_for_sleepers(timeout_s=0.01)
