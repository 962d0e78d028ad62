"""How long a hub waits before it starts its server again, and when it gives up."""

from __future__ import annotations

from rushes.wire.hub_restarts import Restarts


def test_the_first_death_is_answered_at_once() -> None:
    assert Restarts().died(100.0, 0.01) == 0.0


def test_each_short_life_doubles_the_wait_up_to_5_s() -> None:
    restarts = Restarts()
    waits = [restarts.died(now * 3.0, 1.0) for now in range(12)]
    assert waits == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0, 5.0]


def test_a_life_of_10_s_wipes_the_slate() -> None:
    restarts = Restarts()
    for now in range(3):
        restarts.died(now * 3.0, 1.0)
    assert restarts.died(30.0, 10.0) == 0.0
    assert restarts.died(40.0, 1.0) == 0.0


def test_the_fifth_death_in_10_s_is_the_last() -> None:
    restarts = Restarts()
    assert [restarts.died(now * 2.0, 1.0) is None for now in range(5)] == [False] * 4 + [True]


def test_five_deaths_in_more_than_10_s_are_not_the_end() -> None:
    restarts = Restarts()
    assert all(restarts.died(now * 2.5, 1.0) is not None for now in range(20))
