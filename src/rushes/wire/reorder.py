"""Order again, after several threads or ways have taken the numbers apart (pure)."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Generic, TypeVar

from rushes.errors import ConfigError
from rushes.wire.gaps import Gap
from rushes.wire.holes import Holes

__all__ = ["Reorder"]

T = TypeVar("T")


class _Lost:
    """Stands where an item would: the number is known not to come."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Reorder(Generic[T]):
    """Releases items by rising number; each number is released once, as its item or within a :class:`Gap`.

    A missing number is waited for until something behind it has waited ``max_wait_ns``, or ``max_items`` are
    waiting; then it is given up, with reason "wire". What comes after its Gap, or lies below the first, is "late"
    and not released; a number that was released, or waits, is a duplicate. The last 256 Gaps are remembered for
    that: what comes out of an older one counts as a duplicate.

    put in = released + waiting + late + duplicates after every call. ``first`` is the number to begin with; None
    begins with the first that is put in. One Reorder serves one run of one track.
    """

    def __init__(
        self, max_wait_ns: int, *, track: str = "", first: int | None = None, max_items: int = 256
    ) -> None:
        if max_wait_ns < 0 or max_items < 1:
            raise ConfigError(
                f"max_wait_ns must be at least 0 and max_items at least 1, not {max_wait_ns} and {max_items}"
            )
        self.track = track
        self.offered = 0
        self.released = 0
        self.late = 0
        self.duplicates = 0
        self.dropped: dict[str, int] = {}
        self._max_wait_ns, self._max_items = max_wait_ns, max_items
        self._next = first
        self._first = first or 0
        self._now_ns = 0
        self._items: dict[int, T | _Lost] = {}
        self._order: list[int] = []
        self._due: deque[tuple[int, int]] = deque()
        self._given_up = Holes(256)

    @property
    def next_number(self) -> int | None:
        """The number that is released next, as its item or within a Gap; None before the first."""
        return self._next

    @property
    def waiting(self) -> int:
        """How many items are held now."""
        return self.offered - self.released - self.late - self.duplicates

    @property
    def due_ns(self) -> int | None:
        """When :meth:`due` has something to give up, or None when nothing waits."""
        while self._due and self._due[0][1] not in self._items:
            self._due.popleft()
        return self._due[0][0] if self._due else None

    def put(self, number: int, item: T, now_ns: int) -> list[T | Gap]:
        """Takes the item; gives back what can be released now, in order."""
        self.offered += 1
        if self._next is not None and number < self._next:
            # What lies below the first was never waited for, so it cannot have been released either.
            if self._given_up.take(number) or number < self._first:
                self.late += 1
            else:
                self.duplicates += 1
            return self.due(now_ns)
        held = self._items.get(number)
        if isinstance(held, _Lost):
            # It was written off and comes after all, before anyone was told: it counts as what it is.
            self._items[number] = item
            return self.due(now_ns)
        if held is not None or number in self._items:
            self.duplicates += 1
            return self.due(now_ns)
        return self._hold(number, item, now_ns)

    def lose(self, number: int, reason: str, now_ns: int) -> list[T | Gap]:
        """Says that the number will not come, so that nothing waits for it; its Gap has that ``reason``."""
        if (self._next is not None and number < self._next) or number in self._items:
            return self.due(now_ns)
        return self._hold(number, _Lost(reason), now_ns)

    def due(self, now_ns: int) -> list[T | Gap]:
        """What may wait no longer at ``now_ns``: released, with a Gap for all that is missing before it."""
        self._now_ns = max(self._now_ns, now_ns)
        upto: int | None = None
        while self._due and self._due[0][0] <= self._now_ns:
            _, number = self._due.popleft()
            if number in self._items:
                upto = number if upto is None else max(upto, number)
        if len(self._items) > self._max_items:
            upto = self._order[0] if upto is None else max(upto, self._order[0])
        return self._release(upto)

    def flush(self) -> list[T | Gap]:
        """Everything that waits, with Gaps for what is missing before it: the run is over."""
        return self._release(max(self._items, default=None))

    def _hold(self, number: int, item: T | _Lost, now_ns: int) -> list[T | Gap]:
        if self._next is None:
            self._next = self._first = number
        self._now_ns = max(self._now_ns, now_ns)
        self._items[number] = item
        heappush(self._order, number)
        self._due.append((self._now_ns + self._max_wait_ns, number))
        return self.due(now_ns)

    def _release(self, upto: int | None) -> list[T | Gap]:
        """All that follows without a hole, and all up to ``upto`` whatever is missing before it."""
        out: list[T | Gap] = []
        while self._order and self._next is not None:
            number = self._order[0]
            if number > self._next:
                if upto is None or number > upto:
                    break
                self._give_up(out, self._next, number - 1, "wire")
            heappop(self._order)
            item = self._items.pop(number)
            if isinstance(item, _Lost):
                self._give_up(out, number, number, item.reason)
            else:
                out.append(item)
                self.released += 1
            self._next = number + 1
        return out

    def _give_up(self, out: list[T | Gap], first: int, last: int, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + last - first + 1
        self._given_up.add(first, last)
        before = out[-1] if out else None
        if isinstance(before, Gap) and before.last == first - 1 and before.reason == reason:
            out[-1] = Gap(before.first, last, reason, self.track)
        else:
            out.append(Gap(first, last, reason, self.track))
