"""Each number is released once and in order, as its item or within a Gap; nothing waits past its time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rushes.errors import ConfigError
from rushes.wire.flow import Gap, Reorder

NUMBERS = st.integers(0, 25)
Out = list["int | Gap"]


class Order(RuleBasedStateMachine):
    """Items are their own numbers; what is known of each is kept beside the reorder buffer."""

    @initialize(
        wait=st.integers(0, 20), limit=st.integers(1, 6), first=st.one_of(st.none(), st.integers(0, 5))
    )
    def begin(self, wait: int, limit: int, first: int | None) -> None:
        self.wait, self.limit = wait, limit
        self.order: Reorder[int] = Reorder(wait, track="t", first=first, max_items=limit)
        self.now = 0
        self.cursor = self.first = first
        self.held: dict[int, int] = {}
        self.lost: dict[int, tuple[str, int]] = {}
        self.released: set[int] = set()
        self.gapped: set[int] = set()
        self.offered = self.late = self.twice = 0
        self.dropped: dict[str, int] = {}

    @rule(number=NUMBERS)
    def put(self, number: int) -> None:
        self.offered += 1
        if self.cursor is None:
            self.cursor = self.first = number
        assert self.first is not None
        if number in self.released or number in self.held:
            self.twice += 1
        elif number in self.gapped or number < self.first:
            self.late += 1
            self.gapped.discard(number)
            if number >= self.first:
                self.released.add(number)  # once only: whatever comes of it again is a duplicate
        elif number in self.lost:
            self.held[number] = self.lost.pop(number)[1]
        else:
            self.held[number] = self.now
        self.follow(self.order.put(number, number, self.now))

    @rule(number=NUMBERS, reason=st.sampled_from(["stale", "bad"]))
    def lose(self, number: int, reason: str) -> None:
        if self.cursor is None:
            self.cursor = self.first = number
        if number >= self.cursor and number not in self.held and number not in self.lost:
            self.lost[number] = (reason, self.now)
        self.follow(self.order.lose(number, reason, self.now))

    @rule(more=st.integers(-3, 15))
    def time_goes_by(self, more: int) -> None:
        # A clock that was set back must not bring anything back with it.
        self.now = max(self.now, self.now + more)
        self.follow(self.order.due(self.now - 3 if more < 0 else self.now))

    @rule()
    def flush(self) -> None:
        self.follow(self.order.flush(), all_of_it=True)
        assert not self.held
        assert not self.lost

    def follow(self, out: Out, *, all_of_it: bool = False) -> None:
        """Walks the cursor over what was released: no number is left out, none comes twice."""
        pending = {**self.held, **{number: since for number, (_, since) in self.lost.items()}}
        overdue = [number for number, since in pending.items() if since + self.wait <= self.now]
        # One put at a time can be too many, and what then has to go is the lowest.
        crowded = [min(pending)] if len(pending) > self.limit else []
        reach = max(pending if all_of_it else overdue + crowded, default=-1)
        for each in out:
            assert self.cursor is not None
            if isinstance(each, Gap):
                assert each.track == "t"
                assert each.first == self.cursor
                numbers = range(each.first, each.last + 1)
                for number in numbers:
                    known = self.lost.pop(number, None)
                    assert each.reason == (known[0] if known else "wire")
                    assert known or number < reach, "given up before its time"
                    assert number not in self.held
                self.gapped.update(numbers)
                self.dropped[each.reason] = self.dropped.get(each.reason, 0) + each.count
                self.cursor = each.last + 1
            else:
                assert each == self.cursor
                del self.held[each]
                self.released.add(each)
                self.cursor = each + 1

    @invariant()
    def nothing_is_lost_silently(self) -> None:
        if not hasattr(self, "order"):
            return
        order = self.order
        assert order.next_number == self.cursor
        assert order.offered == self.offered == order.released + order.waiting + order.late + order.duplicates
        assert (order.waiting, order.late, order.duplicates) == (len(self.held), self.late, self.twice)
        assert order.dropped == self.dropped

    @invariant()
    def nothing_waits_that_need_not(self) -> None:
        if not hasattr(self, "order"):
            return
        pending = {**self.held, **{number: since for number, (_, since) in self.lost.items()}}
        assert self.cursor not in pending
        assert len(pending) <= self.limit
        assert all(since + self.wait > self.now for since in pending.values())
        assert self.order.due_ns == (min(pending.values()) + self.wait if pending else None)


TestOrder = Order.TestCase
TestOrder.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


@given(st.permutations(range(12)))
def test_any_order_becomes_the_right_one(numbers: list[int]) -> None:
    order: Reorder[int] = Reorder(10, first=0)
    assert [each for number in numbers for each in order.put(number, number, 0)] == list(range(12))
    assert (order.released, order.waiting, order.dropped) == (12, 0, {})


def test_a_missing_number_is_given_up_when_its_time_is_over_and_late_after_that() -> None:
    order: Reorder[str] = Reorder(100, track="a")
    assert order.put(0, "zero", 1000) == ["zero"]
    assert order.put(3, "three", 1010) == []
    assert order.due_ns == 1110
    assert order.due(1109) == []
    assert order.due(1110) == [Gap(1, 2, "wire", "a"), "three"]
    assert order.due_ns is None
    assert order.put(2, "two", 1111) == []
    assert (order.late, order.duplicates) == (1, 0)
    order.put(2, "two", 1112)
    order.put(3, "three", 1112)
    assert (order.late, order.duplicates) == (1, 2)


def test_what_is_known_to_be_lost_is_not_waited_for() -> None:
    order: Reorder[str] = Reorder(100, first=0)
    assert order.put(2, "two", 0) == []
    assert order.lose(1, "bad", 0) == []
    assert order.lose(0, "stale", 0) == [Gap(0, 0, "stale"), Gap(1, 1, "bad"), "two"]
    assert order.lose(3, "stale", 0) + order.lose(4, "stale", 0) == [Gap(3, 3, "stale"), Gap(4, 4, "stale")]
    order.lose(6, "stale", 0)
    order.lose(7, "stale", 0)
    assert order.flush() == [Gap(5, 5, "wire"), Gap(6, 7, "stale")]


def test_what_was_lost_and_comes_before_anyone_was_told_is_released() -> None:
    order: Reorder[str] = Reorder(100, first=0)
    assert order.lose(1, "bad", 0) == []
    assert order.put(1, "one", 0) == []
    assert order.put(0, "zero", 0) == ["zero", "one"]


def test_none_is_an_item_like_any_other() -> None:
    order: Reorder[None] = Reorder(100, first=0)
    order.put(1, None, 0)
    order.put(1, None, 0)
    assert order.duplicates == 1
    assert order.put(0, None, 0) == [None, None]


def test_a_huge_jump_is_one_gap() -> None:
    order: Reorder[int] = Reorder(0, first=0)
    assert order.put(2**62, 1, 0) == [Gap(0, 2**62 - 1, "wire"), 1]
    assert order.dropped == {"wire": 2**62}


def test_no_more_than_the_limit_waits() -> None:
    order: Reorder[int] = Reorder(10**9, first=0, max_items=3)
    for number in (2, 4, 6):
        assert order.put(number, number, 0) == []
    assert order.put(8, 8, 0) == [Gap(0, 1, "wire"), 2]
    assert order.waiting == 3


@pytest.mark.parametrize(("max_wait_ns", "max_items"), [(-1, 1), (1, 0)])
def test_limits_that_make_no_sense_are_a_config_error(max_wait_ns: int, max_items: int) -> None:
    with pytest.raises(ConfigError, match="at least"):
        Reorder(max_wait_ns, max_items=max_items)


def test_a_clock_that_is_set_back_makes_nothing_wait_for_it() -> None:
    order: Reorder[int] = Reorder(100, first=0)
    order.due(1000)
    order.due(10)
    assert order.put(1, 1, 20) == []
    assert order.due_ns == 1100
