from __future__ import annotations

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rushes.stream.outbox import Ready
from rushes.stream.sorting import Lost, Sorting, Ticket
from rushes.wire.flow import Gap
from tests.support.streams import PIXEL, anything, header

# A Gap names no run: each run has numbers of its own here, so that it can be told whose they are.
RUN = 1000
RUNS, TRACKS, NUMBERS = st.integers(1, 2), st.sampled_from("ab"), st.integers(0, 7)
RESULTS = st.sampled_from(["picture", "picture", "picture", "stale", "bad"])


class SortingMachine(RuleBasedStateMachine):
    """Whatever comes in whatever order: each number has one outcome, and is told of once."""

    def __init__(self) -> None:
        super().__init__()
        self.sorting = Sorting()
        self.now_ns = 0
        self.mode = True, 0
        self.in_hand: list[tuple[Ticket, bool]] = []
        self.came: set[tuple[str, int]] = set()
        self.drawn_ordered: set[tuple[str, int]] = set()
        self.frames: set[tuple[str, int]] = set()
        self.told: set[tuple[str, int]] = set()
        self.last: dict[tuple[str, int], int] = {}
        self.marked: dict[tuple[str, int], int] = {}

    @rule(run=RUNS, track=TRACKS, number=NUMBERS)
    def message(self, run: int, track: str, number: int) -> None:
        # A mark stands behind the number it names, unless frames overtook each other on the way.
        assume(self.mode[0] or self.marked.get((track, run)) != run * RUN + number)
        told = header(run * RUN + number, run=run, track=track)
        ticket = self.sorting.arrive(told)
        if ticket is not None:
            assert (track, told.number) not in self.came, "a number that came twice has two tickets"
            self.in_hand.append((ticket, self.mode[0]))
            if self.mode[0]:
                self.drawn_ordered.add((track, told.number))
        self.came.add((track, told.number))

    @rule(run=RUNS, track=TRACKS, number=NUMBERS)
    def mark(self, run: int, track: str, number: int) -> None:
        before = self.sorting.stats(len(self.in_hand), 0).expected
        self.sorting.mark(header(run * RUN + number, run=run, track=track, codec="mark", length=0))
        if self.sorting.stats(len(self.in_hand), 0).expected > before:
            self.marked[track, run] = run * RUN + number

    @precondition(lambda self: self.in_hand)
    @rule(place=st.integers(0, 1000), result=RESULTS)
    def settle(self, place: int, result: str) -> None:
        ticket, _ = self.in_hand.pop(place % len(self.in_hand))
        self.now_ns += 1
        self.sorting.settle(ticket, PIXEL if result == "picture" else Lost(result), self.now_ns)

    @rule(run=RUNS, track=TRACKS, numbers=st.lists(NUMBERS, min_size=1, max_size=6))
    def pass_through(self, run: int, track: str, numbers: list[int]) -> None:
        for number in numbers:
            self.message(run, track, number)
            while self.in_hand:
                self.settle(0, "picture")
        self.take(3)

    @rule(ordered=st.booleans(), max_wait_ns=st.sampled_from([0, 20]))
    def order(self, ordered: bool, max_wait_ns: int) -> None:
        self.mode = ordered, max_wait_ns
        self.sorting.order(ordered=ordered, max_wait_ns=max_wait_ns)

    @rule(passed_ns=st.integers(0, 30))
    def due(self, passed_ns: int) -> None:
        self.now_ns += passed_ns
        self.sorting.due(self.now_ns)
        assert self.sorting.due_ns is None or self.sorting.due_ns > self.now_ns

    @rule(keep=st.integers(0, 3), spare_first=st.booleans())
    def outdate(self, keep: int, spare_first: bool) -> None:
        self.sorting.outdate(keep, spare_first=spare_first)
        assert self.sorting.outbox.frames <= keep + spare_first

    @rule(most=st.integers(1, 8))
    def take(self, most: int) -> None:
        for _ in range(most):
            item = self.sorting.outbox.take(anything)
            if item is None:
                return
            if isinstance(item, Gap):
                self._told(item)
            else:
                self.sorting.delivered += 1
                self._delivered(item)

    def _told(self, gap: Gap) -> None:
        numbers = {(gap.track, number) for number in range(gap.first, gap.last + 1)}
        assert not numbers & self.frames, f"{gap} of a number that was delivered"
        assert not numbers & self.told, f"{gap} of a number that was told of"
        assert gap.first // RUN == gap.last // RUN
        self.told |= numbers

    def _delivered(self, ready: Ready) -> None:
        track, run, number = ready.header.track, ready.header.run, ready.header.number
        key = track, number
        assert key in self.came
        assert key not in self.frames, "delivered twice"
        assert key not in self.told, "delivered after its Gap"
        self.frames.add(key)
        if key in self.drawn_ordered:
            assert number > self.last.get((track, run), -1), "out of order"
            self.last[track, run] = number

    @rule()
    def end(self) -> None:
        while self.in_hand:
            self.settle(0, "stale")
        self.sorting.end()
        assert self.sorting.stats(0, 0).waiting == 0
        assert self.sorting.due_ns is None

    @invariant()
    def each_number_has_one_outcome(self) -> None:
        stats = self.sorting.stats(len(self.in_hand), 0)
        assert stats.adds_up, stats
        assert stats.waiting >= len(self.in_hand)
        assert stats.delivered == len(self.frames)

    @invariant()
    def nothing_grows(self) -> None:
        outbox = self.sorting.outbox
        frames = sum(isinstance(item, Ready) for item in outbox._items)
        assert frames == outbox.frames
        assert len(outbox._items) - frames <= 64
        assert len(self.sorting._lines) <= 6
        assert len(self.sorting._passing) <= 2
        assert len(self.sorting._turns.early) <= len(self.came) + len(self.marked) * 24


TestSorting = SortingMachine.TestCase
TestSorting.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
