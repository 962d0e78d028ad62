"""Which numbers of a stream came, which never did, and when a sender began anew (pure)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from rushes.wire.holes import Holes

__all__ = ["Gap", "GapCounts", "Gaps", "Seen", "Sequence"]


@dataclass(frozen=True, slots=True)
class Gap:
    """The numbers from ``first`` to ``last`` of ``track`` are not delivered.

    ``reason`` is "wire" (they never came), "stale" (newer ones took their place before they were taken), "late"
    (they came after they had been given up) or "bad" (they could not be decoded); in map-reduce also "error" (the
    function failed each time), "skipped" (a worker handed in nothing) or "gone" (their sender ended with them).
    """

    first: int
    last: int
    reason: str
    track: str = ""

    @property
    def count(self) -> int:
        """How many numbers are missing."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Seen:
    """What a number's coming meant: ``fresh`` unless it had come before, and the ``gap`` that it opened after the
    highest number before it.
    """

    fresh: bool
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class GapCounts:
    """expected = seen + missing; ``duplicates`` are counted apart, ``runs`` is how many were begun."""

    expected: int = 0
    seen: int = 0
    missing: int = 0
    duplicates: int = 0
    runs: int = 0


class Sequence:
    """The numbers of one run and track, from the ``first`` that came: earlier ones were sent before we listened.

    expected = seen + missing after every call. A number that comes out of order is no longer missing. Beyond
    ``max_holes`` separate holes the lowest is closed for good: what still comes out of it counts as a duplicate.
    """

    def __init__(self, first: int, track: str = "", *, max_holes: int = 1024) -> None:
        self.track = track
        self.lowest = self.highest = first
        self.seen = 1
        self.missing = 0
        self.duplicates = 0
        self._holes = Holes(max_holes)

    @property
    def expected(self) -> int:
        """How many numbers there are from the lowest to the highest that came."""
        return self.highest - self.lowest + 1

    def see(self, number: int) -> Seen:
        """Counts the number; see :class:`Seen`."""
        gap = None
        if number > self.highest:
            gap = self._open(self.highest + 1, number - 1)
            self.highest = number
        elif number < self.lowest:
            # Overtaken while we joined. Those in between may come yet.
            self._open(number + 1, self.lowest - 1)
            self.lowest = number
        elif self._holes.take(number):
            self.missing -= 1
        else:
            self.duplicates += 1
            return Seen(fresh=False)
        self.seen += 1
        return Seen(fresh=True, gap=gap)

    def upto(self, number: int) -> Gap | None:
        """The sender says that it has sent this number, and none above it: those that did not come are missing."""
        if number <= self.highest:
            return None
        gap = self._open(self.highest + 1, number)
        self.highest = number
        return gap

    def _open(self, first: int, last: int) -> Gap | None:
        if first > last:
            return None
        self._holes.add(first, last)
        self.missing += last - first + 1
        return Gap(first, last, "wire", self.track)


class Gaps:
    """A :class:`Sequence` for each run and track, so that what one sender loses is not taken for another's.

    At most ``max_sequences`` are kept. The one unheard of for longest goes first, into the totals; should it speak
    again it counts as a new run.
    """

    def __init__(self, *, max_sequences: int = 64, max_holes: int = 1024) -> None:
        self._max_sequences, self._max_holes = max_sequences, max_holes
        self._live: OrderedDict[tuple[int, str], Sequence] = OrderedDict()
        self._past = GapCounts()
        self._runs = 0

    def see(self, run: int, track: str, number: int) -> Seen:
        """Counts the number of that run and track; see :class:`Seen`."""
        sequence = self._live.get((run, track))
        if sequence is not None:
            self._live.move_to_end((run, track))
            return sequence.see(number)
        self._runs += 1
        self._live[run, track] = Sequence(number, track, max_holes=self._max_holes)
        if len(self._live) > self._max_sequences:
            _, oldest = self._live.popitem(last=False)
            self._past = _sum(self._past, oldest)
        return Seen(fresh=True)

    def of(self, run: int, track: str) -> Sequence | None:
        """The sequence of that run and track, or None when nothing of it came, or it is kept no longer."""
        return self._live.get((run, track))

    def counts(self) -> GapCounts:
        """All runs and tracks together, past ones included."""
        total = self._past
        for sequence in self._live.values():
            total = _sum(total, sequence)
        return GapCounts(total.expected, total.seen, total.missing, total.duplicates, self._runs)


def _sum(counts: GapCounts, more: Sequence) -> GapCounts:
    return GapCounts(
        counts.expected + more.expected,
        counts.seen + more.seen,
        counts.missing + more.missing,
        counts.duplicates + more.duplicates,
    )
