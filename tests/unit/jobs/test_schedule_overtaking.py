"""Nobody overtakes the more urgent, whichever limits hold whom back."""

from __future__ import annotations

from rushes.jobs.gate import Limit
from tests.unit.jobs.by_hand import ByHand


def test_who_comes_free_of_one_limit_does_not_overtake_the_more_urgent_of_another() -> None:
    hand, disk, rate = ByHand(), Limit("disk", 1), Limit("rate", None, 1.0, 1)
    hand.add("writes", disk)
    hand.add("counts", rate)
    assert hand.start() == ["writes", "counts"]
    hand.add("far", disk, rate, score=3.0)
    hand.add("near", rate, score=2.0)
    assert hand.start() == []
    hand.finish("writes")
    hand.finish("counts")
    hand.pass_time(1.0)
    assert hand.start() == ["near"]


def test_who_comes_before_the_timer_does_not_overtake_who_waits_for_it() -> None:
    hand, rate = ByHand(), Limit("rate", None, 1.0, 1)
    hand.add("first", rate)
    assert hand.start() == ["first"]
    hand.add("second", rate)
    hand.now = 1.0  # its token is there; the timer thread has not come to say so
    hand.add("third", rate)
    assert hand.start() == ["second"]
