"""What limits, rates, retries, serials and priorities promise, moment by moment."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from rushes.jobs.gate import Limit
from rushes.jobs.job import CANCELLED, IN_QUEUE, TIMED_OUT, Priority
from tests.unit.jobs.by_hand import ByHand


def by_timers(hand: ByHand) -> list[tuple[float, str]]:
    """What starts when, if only the timers ever wake anybody and each function ends at once."""
    for _ in range(100):
        for name in hand.start():
            hand.finish(name)
        if math.isinf(hand.schedule.timers.soonest):
            return hand.started
        hand.pass_time(hand.schedule.timers.soonest)
    raise AssertionError("the timers never come to rest")


def moments(hand: ByHand) -> list[float]:
    return [round(moment, 3) for moment, _ in by_timers(hand)]


def test_a_rate_starts_its_burst_and_then_one_each_time() -> None:
    hand, rate = ByHand(), Limit("rate", None, 2.0, 3)
    for number in range(6):
        hand.add(str(number), rate)
    assert moments(hand) == [0, 0, 0, 0.5, 1.0, 1.5]


def test_a_rate_saves_up_no_more_than_its_burst() -> None:
    hand, rate = ByHand(), Limit("rate", None, 1.0, 2)
    hand.add("first", rate)
    assert hand.start() == ["first"]
    hand.pass_time(1000.0)
    for number in range(4):
        hand.add(str(number), rate)
    assert hand.start() == ["0", "1"]


def test_a_part_of_a_token_is_kept() -> None:
    hand, rate = ByHand(), Limit("rate", None, 1.0, 1)
    hand.add("first", rate)
    hand.start()
    hand.pass_time(0.75)
    hand.add("second", rate)
    assert hand.start() == []
    assert hand.schedule.timers.soonest == pytest.approx(1.0)


def test_a_rate_has_its_timer_from_the_start_of_the_one_that_took_the_last() -> None:
    hand, rate = ByHand(), Limit("rate", None, 1.0, 1)
    hand.add("long", rate)
    hand.add("next", rate)
    assert hand.start() == ["long"]
    assert hand.schedule.timers.soonest == pytest.approx(1.0)
    hand.pass_time(1.0)
    assert hand.start() == ["next"], "it does not wait for the first to end"


def test_who_finds_its_second_limit_taken_leaves_the_first_to_others() -> None:
    hand, one, two = ByHand(), Limit("one", 1), Limit("two", 1)
    hand.add("both", one, two)
    hand.add("one", one)
    hand.add("two", two, tier=Priority.HIGH)
    assert hand.start() == ["two", "one"]
    hand.finish("two")
    assert hand.start() == []
    hand.finish("one")
    assert hand.start() == ["both"]


def test_two_rates_both_hold_and_the_slower_one_paces() -> None:
    hand, fast, slow = ByHand(), Limit("fast", None, 4.0, 1), Limit("slow", None, 1.0, 1)
    for number in range(4):
        hand.add(str(number), fast, slow)
    assert moments(hand) == [0, 1, 2, 3]


def test_who_waits_for_one_of_two_rates_lets_others_of_the_second_pass() -> None:
    hand, fast, slow = ByHand(), Limit("fast", None, 4.0, 1), Limit("slow", None, 1.0, 1)
    for number in range(3):
        hand.add(f"both {number}", fast, slow)
        hand.add(f"fast {number}", fast)
    started = by_timers(hand)
    assert [name for _, name in started if name.startswith("both")] == ["both 0", "both 1", "both 2"]
    both = [moment for moment, name in started if name.startswith("both")]
    alone = [moment for moment, name in started if name.startswith("fast")]
    assert both == pytest.approx([0, 1.0, 2.0], abs=0.26)
    assert max(alone) <= 1.01
    times = [moment for moment, _ in started]
    assert all(b - a >= 0.249 for a, b in pairwise(times))


def test_a_limit_that_frees_up_late_does_not_strand_who_waits_for_the_rate() -> None:
    hand, one, rate = ByHand(), Limit("one", 1), Limit("rate", None, 1.0, 1)
    for number in range(3):
        hand.add(str(number), one, rate)
    assert hand.start() == ["0"]
    hand.pass_time(5.0)
    assert hand.start() == []
    hand.finish("0")
    assert hand.start() == ["1"]
    hand.finish("1")
    assert moments(hand) == [0, 5, 6]


def test_a_limit_counts_those_lost_until_they_come_back() -> None:
    hand, camera, disk = ByHand(), Limit("camera", 2), Limit("disk", 9)
    for number in range(3):
        hand.add(str(number), camera, disk, timeout_s=1.0 + number)
    assert hand.start() == ["0", "1"]
    hand.pass_time(1.0)
    assert (camera.lost, disk.lost, camera.running) == (1, 1, 2)
    assert hand.start() == [], "a lost function still holds its limit"
    hand.pass_time(2.0)
    assert (camera.lost, camera.running, len(hand.schedule.lost)) == (2, 2, 2)
    hand.finish("0")
    assert (camera.lost, disk.lost, camera.running) == (1, 1, 1)
    assert hand.start() == ["2"]
    hand.finish("1")
    hand.finish("2")
    assert (camera.lost, disk.lost, camera.running, disk.running) == (0, 0, 0, 0)
    assert not hand.schedule.lost


def test_a_function_whose_last_claim_passed_its_deadline_is_lost_too() -> None:
    hand, camera = ByHand(), Limit("camera", 1)
    early, late = (hand.add("a", camera, key="k", deadline=moment) for moment in (1.0, 2.0))
    hand.start()
    hand.pass_time(1.0)
    assert (early.ended, late.ended, camera.lost) == (TIMED_OUT, None, 0)
    hand.pass_time(2.0)
    assert (late.ended, camera.lost, camera.running) == (TIMED_OUT, 1, 1)


def test_a_retry_starts_at_its_moment_and_behind_what_came_meanwhile() -> None:
    hand = ByHand()
    hand.add("again")
    hand.start()
    assert hand.schedule.retry(hand.at_work.pop("again"), 3.0, 1.0)
    hand.add("other")
    hand.pass_time(2.999)
    assert hand.start() == ["other"]
    hand.add("fresh")
    hand.pass_time(3.0)
    assert hand.start() == ["fresh", "again"]
    assert hand.at_work["again"].attempt == 2


def test_a_retry_waits_its_turn_from_its_moment_on() -> None:
    hand = ByHand()
    hand.add("again")
    hand.start()
    job = hand.at_work.pop("again")
    hand.schedule.retry(job, 3.0, 1.0)
    assert job.since == 3.0, "the wait that was asked for is no wait for a worker"


@pytest.mark.parametrize(
    ("deadlines", "again"),
    [((2.0,), False), ((2.001,), True), ((1.5, 2.0), False), ((1.5, 3.0), True), ((1.5, None), True)],
)
def test_a_retry_is_made_only_if_somebody_will_still_wait(
    deadlines: tuple[float | None, ...], again: bool
) -> None:
    hand = ByHand()
    claims = [hand.add("a", key="k", deadline=deadline) for deadline in deadlines]
    hand.start()
    job = hand.at_work["a"]
    assert hand.schedule.retry(job, 2.0, 1.0) is again
    if again:
        hand.pass_time(2.0)
        assert [claim.ended for claim in claims] == [
            TIMED_OUT if deadline is not None and deadline <= 2.0 else None for deadline in deadlines
        ]
        assert hand.start() == ["a"]


def test_a_retry_that_everybody_left_never_starts() -> None:
    hand = ByHand()
    claim = hand.add("a")
    hand.start()
    hand.schedule.retry(hand.at_work.pop("a"), 2.0, 1.0)
    assert hand.schedule.leave(claim, CANCELLED, "test", 1.5)
    hand.pass_time(2.0)
    assert hand.start() == []
    assert math.isinf(hand.schedule.timers.soonest)


def test_a_serial_keeps_its_order_whoever_leaves() -> None:
    hand = ByHand()
    claims = [hand.add(str(number), serial="file", tier=4 - number % 3) for number in range(6)]
    schedule = hand.schedule
    assert schedule.leave(claims[0], CANCELLED, "the first, which could have started", 0.0)
    assert schedule.leave(claims[2], CANCELLED, "one behind it", 0.0)
    assert hand.start() == ["1"]
    assert schedule.leave(claims[3], CANCELLED, "one behind a running one", 0.0)
    assert hand.start() == []
    assert schedule.leave(claims[1], CANCELLED, "the running one", 0.0)
    assert hand.start() == [], "what is told to stop has not stopped"
    hand.finish("1")
    assert hand.start() == ["4"]
    hand.finish("4")
    assert hand.start() == ["5"]
    hand.finish("5")
    assert not schedule.chains


def test_a_serial_waits_for_a_retry_of_its_first() -> None:
    hand = ByHand()
    for name in "ab":
        hand.add(name, serial="file")
    assert hand.start() == ["a"]
    assert hand.schedule.retry(hand.at_work.pop("a"), 2.0, 1.0)
    hand.pass_time(1.5)
    assert hand.start() == []
    hand.pass_time(2.0)
    assert hand.start() == ["a"]
    hand.finish("a")
    assert hand.start() == ["b"]


@pytest.mark.parametrize("limited", [False, True])
def test_a_shared_job_has_the_order_of_the_best_that_still_wait(limited: bool) -> None:
    limits = (Limit("one", 1),) if limited else ()
    hand = ByHand()
    near = hand.add("shared", *limits, key="k", score=1.0)
    hand.add("shared", *limits, key="k", score=9.0)
    urgent = hand.add("shared", *limits, key="k", tier=Priority.HIGH, score=5.0)
    far = hand.add("shared", *limits, key="k", tier=Priority.LOW)
    job = near.job

    def order() -> tuple[int, float]:
        assert job.entry is not None
        return job.entry[:2]

    assert order() == (Priority.HIGH, 5.0)
    hand.schedule.leave(urgent, CANCELLED, "test", 0.0)
    assert order() == (Priority.NORMAL, 1.0)
    hand.schedule.leave(near, CANCELLED, "test", 0.0)
    assert order() == (Priority.NORMAL, 9.0)
    hand.schedule.leave(far, CANCELLED, "test", 0.0)
    assert order() == (Priority.NORMAL, 9.0)
    hand.add("between", *limits, score=8.0)
    assert hand.start()[0] == "between"


def test_a_shared_job_becomes_nearer_with_a_nearer_claim() -> None:
    hand = ByHand()
    hand.add("shared", key="k", score=9.0)
    hand.add("other", score=5.0)
    hand.add("shared", key="k", score=1.0)
    assert hand.start() == ["shared", "other"]


def test_prefetches_leave_room_for_others_and_give_it_back() -> None:
    hand = ByHand(prefetch_most=2)
    for number in range(4):
        hand.add(f"ahead {number}", tier=Priority.PREFETCH)
    hand.add("asked", tier=Priority.LOW)
    assert hand.start() == ["asked", "ahead 0", "ahead 1"]
    assert not hand.schedule.startable()
    hand.finish("ahead 1")
    assert hand.start() == ["ahead 2"]
    assert hand.schedule.retry(hand.at_work.pop("ahead 0"), 5.0, 1.0)
    assert hand.start() == ["ahead 3"]
    for name in ("ahead 2", "ahead 3"):
        hand.finish(name)
    hand.pass_time(5.0)
    assert hand.start() == ["ahead 0"]
    hand.finish("ahead 0")
    assert hand.schedule.prefetching == 0


def test_a_prefetch_that_is_asked_for_is_one_no_more() -> None:
    hand = ByHand(prefetch_most=1)
    hand.add("running", tier=Priority.PREFETCH)
    hand.add("wanted", key="k", tier=Priority.PREFETCH)
    assert hand.start() == ["running"]
    claim = hand.add("wanted", key="k")
    assert claim.job.state == IN_QUEUE
    assert hand.start() == ["wanted"]
    assert hand.schedule.prefetching == 1
