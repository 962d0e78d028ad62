from __future__ import annotations

from rushes.stream.lag import Lag

SECOND = 1_000_000_000
FRAME = SECOND // 30


def run(lag: Lag, ways: list[float], *, begin_ns: int = 0, skew_ns: int = 0) -> list[int]:
    """Which of the messages, each so many seconds on its way, are too far behind."""
    return [
        index
        for index, way_s in enumerate(ways)
        if lag.see(begin_ns + index * FRAME + skew_ns, begin_ns + index * FRAME + round(way_s * SECOND))
    ]


def test_a_steady_way_however_long_is_no_lag() -> None:
    for skew_s in (-5000, 0, 5000):
        assert run(Lag(), [30.0] * 300, skew_ns=skew_s * SECOND) == []


def test_a_way_that_grows_by_more_than_a_second_is_told_after_half_a_second() -> None:
    ways = [0.1] * 10 + [0.1 + 0.1 * step for step in range(60)]
    told = run(Lag(), ways)
    assert told
    first = told[0]
    assert ways[first] > 1.1
    behind = next(index for index, way in enumerate(ways) if way > 1.1)
    assert (
        0.5 <= (first * FRAME + ways[first] * SECOND - behind * FRAME - ways[behind] * SECOND) / SECOND < 0.7
    )


def test_a_hold_up_that_is_soon_over_is_none() -> None:
    assert run(Lag(), [0.1] * 10 + [3.0 - 0.033 * step for step in range(10)] + [0.1] * 30) == []
    lag = Lag()
    assert not lag.see(0, 0)
    burst = [lag.see(number * FRAME, 5 * SECOND + number * 1000) for number in range(150)]
    assert not any(burst)


def test_after_it_was_told_it_begins_anew() -> None:
    lag = Lag()
    assert not lag.see(0, 0)
    assert not lag.see(0, 2 * SECOND)
    assert lag.see(0, 3 * SECOND)
    # The clock of the sender was put back: all that comes is as late as this from now on.
    assert run(lag, [2.0] * 300, begin_ns=3 * SECOND) == []


def test_what_was_quickest_long_ago_counts_no_more() -> None:
    lag, hour = Lag(), 3600
    # Clocks that drift apart by a millisecond a second.
    assert not any(lag.see(second * SECOND, second * 1_001 * SECOND // 1000) for second in range(hour))


def test_slow_growth_is_told_too() -> None:
    lag = Lag()
    told = [second for second in range(600) if lag.see(second * SECOND, second * 1_010 * SECOND // 1000)]
    assert told
    assert 100 < told[0] < 110
