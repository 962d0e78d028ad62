"""What must go: the oldest, never what is being written, and no more than it takes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rushes.archive.records import Segment
from rushes.archive.retention import Ageing, Limits, choose
from rushes.errors import ConfigError

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
ENDLESS = 1 << 62


def segment(number: int, *, size: int = 100, age_s: float = 1000, state: str = "closed", cold: str = ""):
    end_ns = NOW - round(age_s * SECOND)
    path = f"segments/c/{number}.mp4"
    return Segment(
        number, "c", end_ns - 60 * SECOND, end_ns, path, size, "h264", b"", 64, 48, 25.0, state, cold
    )


@some.composite
def kept(draw):
    """Segments from the oldest on, with some open and some in the cold store."""
    ages = sorted(draw(some.lists(some.integers(1, 2000), max_size=30)), reverse=True)
    return [
        segment(
            number,
            size=draw(some.integers(1, 500)),
            age_s=age,
            state=draw(some.sampled_from(["closed", "closed", "closed", "open"])),
            cold=draw(some.sampled_from(["", "", "key"])),
        )
        for number, age in enumerate(ages)
    ]


limits = some.builds(
    Limits,
    some.none() | some.integers(1, 8000),
    some.none() | some.integers(1, 2500),
    some.integers(0, 3000),
)


@given(kept(), limits, some.integers(0, 4000), some.integers(0, 1000))
def test_what_goes_is_the_oldest_never_open_and_no_more_than_needed(segments, limits, free, need):
    usage = sum(each.bytes for each in segments if not each.cold)
    chosen = choose(segments, usage, free, NOW, need, limits)

    assert all(each.state == "closed" for each in chosen)
    assert chosen == [each for each in segments if each in chosen]  # in the order given
    old = [each for each in segments if each.state == "closed" and limits.too_old(each.end_ns, NOW)]
    assert [each for each in chosen if each.cold] == [each for each in old if each.cold]
    assert set(old) <= set(chosen)

    freed = sum(each.bytes for each in chosen if not each.cold)
    closed = [each for each in segments if each.state == "closed" and not each.cold]
    short = limits.shortage(usage - freed, free + freed, need)
    assert short <= 0 or set(closed) <= set(chosen)  # the limits hold, or there was nothing more to take

    pressed = [each for each in chosen if not each.cold and each not in old]
    if pressed:  # without the youngest of them they would not hold
        less = freed - pressed[-1].bytes
        assert limits.shortage(usage - less, free + less, need) > 0
        assert pressed == [each for each in closed if each not in old][: len(pressed)]


@given(kept(), limits)
def test_nothing_goes_without_want_of_room_or_age(segments, limits):
    ageless = replace(limits, max_bytes=None, max_age_s=None)
    assert choose(segments, 10**9, ENDLESS, NOW, 10**9, ageless) == []


def test_what_is_needed_counts_before_it_is_written():
    segments = [segment(number) for number in range(4)]
    limits = Limits(max_bytes=400)
    assert choose(segments, 400, ENDLESS, NOW, 0, limits) == []
    assert choose(segments, 400, ENDLESS, NOW, 1, limits) == segments[:1]
    assert choose(segments, 400, ENDLESS, NOW, 101, limits) == segments[:2]
    assert choose(segments, 400, ENDLESS, NOW, 10**9, limits) == segments


def test_the_disk_s_free_space_is_kept_for_others():
    segments = [segment(number) for number in range(4)]
    limits = Limits(min_free_bytes=1000)
    assert choose(segments, 400, 1000, NOW, 0, limits) == []
    assert choose(segments, 400, 999, NOW, 0, limits) == segments[:1]
    assert choose(segments, 400, 850, NOW, 100, limits) == segments[:3]


def test_age_counts_from_the_last_picture_and_ends_what_is_in_the_cold_store_too():
    limits = Limits(max_age_s=3600)
    old, cold = segment(1, age_s=3601), segment(2, age_s=3600.5, cold="key")
    young = segment(3, age_s=3600)
    assert choose([old, cold, young], 300, ENDLESS, NOW, 0, limits) == [old, cold]


def test_a_channel_may_be_kept_for_less_but_not_for_more():
    limits = Limits(max_age_s=100, keep_s={"door": 10, "hall": 1000})
    second = 10**9
    assert limits.too_old(NOW - 11 * second, NOW, "door")
    assert not limits.too_old(NOW - 11 * second, NOW, "hall")
    assert limits.too_old(NOW - 101 * second, NOW, "hall")
    assert not Limits(keep_s={"door": 10}).too_old(0, NOW, "hall")
    with pytest.raises(ConfigError, match="keep_s must be more than 0"):
        Limits(keep_s={"door": 0})


def test_recordings_of_a_clock_that_was_ahead_do_not_keep_old_ones_alive():
    future, old = segment(1, age_s=-(10**6)), segment(2, age_s=7200)
    assert choose([future, old], 200, ENDLESS, NOW, 0, Limits(max_age_s=3600)) == [old]


def test_no_more_is_read_than_needed():
    def endless():
        yield segment(1, age_s=7200)
        yield segment(2, age_s=10)
        raise AssertionError("read on")

    assert len(choose(endless(), 200, ENDLESS, NOW, 0, Limits(max_age_s=3600))) == 1


def test_a_clock_set_forward_makes_nothing_old():
    ageing = Ageing(NOW, 50)
    assert ageing.trusted_now(NOW + 10 * SECOND, 50 + 10 * SECOND) == NOW + 10 * SECOND
    year = 365 * 86400 * SECOND
    assert ageing.trusted_now(NOW + year + 20 * SECOND, 50 + 20 * SECOND) == NOW + 20 * SECOND
    assert ageing.trusted_now(NOW + year + 90 * SECOND, 50 + 90 * SECOND) == NOW + 90 * SECOND
    # Set right again, it is believed again.
    assert ageing.trusted_now(NOW + 99 * SECOND, 50 + 95 * SECOND) == NOW + 99 * SECOND


def test_small_steps_and_steps_back_are_believed():
    ageing = Ageing(NOW, 0)
    half = 1800 * SECOND
    for step in range(1, 5):
        assert ageing.trusted_now(NOW + step * half, step) == NOW + step * half
    assert ageing.trusted_now(NOW - 86400 * SECOND, 9) == NOW - 86400 * SECOND
    assert ageing.trusted_now(NOW, 9) == NOW  # put right
    assert ageing.trusted_now(NOW + 8 * half, 9) == NOW + 4 * half + 5


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_bytes", 0),
        ("max_bytes", -1),
        ("max_age_s", 0),
        ("max_age_s", -1.0),
        ("max_age_s", math.nan),
        ("max_age_s", math.inf),
        ("min_free_bytes", -1),
    ],
)
def test_limits_that_are_none_are_refused(option, value):
    with pytest.raises(ConfigError, match=option) as caught:
        Limits(**{option: value})
    assert caught.value.option == option
