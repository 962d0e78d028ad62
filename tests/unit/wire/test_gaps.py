"""expected = seen + missing, whatever comes in whatever order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rushes.wire.flow import Gap, GapCounts, Gaps, Sequence
from rushes.wire.holes import Holes

NUMBERS = st.integers(0, 40)


class Numbers(RuleBasedStateMachine):
    """Runs and tracks beside one another, against sets of what came."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps = Gaps()
        self.came: dict[tuple[int, str], set[int]] = {}
        self.twice: dict[tuple[int, str], int] = {}

    @rule(run=st.integers(1, 3), track=st.sampled_from(["", "a"]), number=NUMBERS)
    def see(self, run: int, track: str, number: int) -> None:
        before = self.came.get((run, track))
        seen = self.gaps.see(run, track, number)
        assert seen.fresh == (before is None or number not in before)
        if before and number > max(before) + 1:
            assert seen.gap == Gap(max(before) + 1, number - 1, "wire", track)
            assert seen.gap.count == number - max(before) - 1
        else:
            assert seen.gap is None
        self.twice.setdefault((run, track), 0)
        self.twice[run, track] += not seen.fresh
        self.came.setdefault((run, track), set()).add(number)

    @invariant()
    def the_counts_are_those_of_the_sets(self) -> None:
        total = GapCounts(runs=len(self.came))
        for (run, track), came in self.came.items():
            one = self.gaps.of(run, track)
            assert one is not None
            assert one.expected == max(came) - min(came) + 1
            assert one.seen == len(came)
            assert one.missing == one.expected - one.seen
            assert one.duplicates == self.twice[run, track]
            total = GapCounts(
                total.expected + one.expected,
                total.seen + one.seen,
                total.missing + one.missing,
                total.duplicates + one.duplicates,
                total.runs,
            )
        assert self.gaps.counts() == total


TestNumbers = Numbers.TestCase
TestNumbers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.integers(1, 9), NUMBERS)), st.integers(1, 3), st.integers(1, 3))
def test_the_ledger_holds_when_little_is_remembered(
    steps: list[tuple[int, int]], max_sequences: int, max_holes: int
) -> None:
    gaps, last = Gaps(max_sequences=max_sequences, max_holes=max_holes), GapCounts()
    for place, (run, number) in enumerate(steps, 1):
        gaps.see(run, "", number)
        counts = gaps.counts()
        assert counts.expected == counts.seen + counts.missing
        assert counts.seen + counts.duplicates == place
        assert counts.expected >= last.expected
        assert len(gaps._live) <= max_sequences
        last = counts


def test_a_huge_gap_is_counted_and_costs_one_entry() -> None:
    gaps = Gaps()
    gaps.see(1, "", 5)
    assert gaps.see(1, "", 2**62).gap == Gap(6, 2**62 - 1, "wire")
    assert gaps.counts() == GapCounts(expected=2**62 - 4, seen=2, missing=2**62 - 6, runs=1)
    sequence = gaps.of(1, "")
    assert sequence is not None
    assert len(sequence._holes) == 1


def test_what_was_overtaken_is_missing_until_it_comes() -> None:
    sequence = Sequence(10)
    sequence.see(13)
    assert (sequence.expected, sequence.missing) == (4, 2)
    assert sequence.see(12).fresh
    assert (sequence.expected, sequence.missing) == (4, 1)
    assert not sequence.see(12).fresh
    assert sequence.duplicates == 1


def test_a_run_that_begins_anew_owes_nothing_of_the_one_before() -> None:
    gaps = Gaps()
    gaps.see(1, "", 1000)
    again = gaps.see(2, "", 0)
    assert again.gap is None
    assert (gaps.counts().runs, gaps.counts().missing) == (2, 0)


def test_a_sequence_that_was_put_away_stays_in_the_totals() -> None:
    gaps = Gaps(max_sequences=1)
    gaps.see(1, "", 0)
    gaps.see(1, "", 3)
    gaps.see(2, "", 0)
    assert gaps.of(1, "") is None
    assert gaps.counts() == GapCounts(expected=5, seen=3, missing=2, runs=2)
    assert gaps.see(1, "", 4).gap is None
    assert gaps.counts().runs == 3, "it speaks again as a new one"


def test_the_sequence_unheard_of_for_longest_goes_first() -> None:
    gaps = Gaps(max_sequences=2)
    for run in (1, 2, 1, 3):
        gaps.see(run, "", 0)
    assert gaps.of(1, "") is not None
    assert gaps.of(2, "") is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 5))))
def test_holes_are_a_set_of_numbers(steps: list[tuple[bool, int, int]]) -> None:
    holes, owed = Holes(1000), set[int]()
    for adds, first, more in steps:
        several = set(range(first, first + more + 1))
        if adds and not several & owed:
            holes.add(first, first + more)
            owed |= several
        else:
            assert holes.take(first) == (first in owed)
            owed.discard(first)
    assert sum(last - first + 1 for first, last in holes._ranges) == len(owed)
