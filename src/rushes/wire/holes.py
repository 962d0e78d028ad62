"""Numbers that are still owed, as ranges: what a huge gap costs is one entry (pure)."""

from __future__ import annotations

from bisect import bisect_right, insort

__all__ = ["Holes"]


class Holes:
    """Disjoint ranges of numbers, at most ``limit`` of them; beyond that the lowest is forgotten.

    A set of numbers was rejected: one forged number would fill it with as many entries as there are integers.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ranges: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._ranges)

    def add(self, first: int, last: int) -> None:
        """Owes the numbers from ``first`` to ``last``, none of which may be owed already."""
        insort(self._ranges, (first, last))
        if len(self._ranges) > self._limit:
            del self._ranges[0]

    def take(self, number: int) -> bool:
        """Whether the number was owed; it is no longer."""
        place = bisect_right(self._ranges, number, key=lambda each: each[0]) - 1
        if place < 0 or self._ranges[place][1] < number:
            return False
        first, last = self._ranges[place]
        left = [(first, number - 1)] if first < number else []
        right = [(number + 1, last)] if number < last else []
        self._ranges[place : place + 1] = left + right
        if len(self._ranges) > self._limit:
            del self._ranges[0]
        return True
