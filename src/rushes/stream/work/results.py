"""Results in order again, each frame of each track once, with an account (pure).

By index, of which a run's source leaves none out::

    expected = delivered + dropped by reason + waiting

where ``waiting`` is also what has not come yet and is waited for.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from rushes.stream.records import StreamStats
from rushes.wire.flow import Gap, Reorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.stream.parcel import Parcel
    from rushes.wire.jet_item import Item
    from rushes.wire.message import Message

__all__ = ["Result", "Results"]

_FOR_EVER_NS = 10**18
_ANY = 1 << 30


class Result(NamedTuple):
    """One result, held until it was handed over: its message, and the item to be acknowledged then."""

    parcel: Parcel
    message: Message
    item: Item


class _Line:
    """One run of one track. ``shift`` is a frame's number less its index, as last seen."""

    def __init__(self, track: str, first: int, max_wait_ns: int, ordered: bool) -> None:
        self.ordered = ordered
        self.order: Reorder[Result] = Reorder(max_wait_ns, track=track, first=first, max_items=_ANY)
        self.first, self.highest, self.shift = first, first - 1, 0
        self.open: set[int] = set()
        self.done = first


class Results:
    """Nothing is locked here: the caller does. ``next_of(run, track)`` is the index to begin with, where an earlier
    receiver came to. Time is in nanoseconds of any steady clock. ``max_wait_ns`` None: for ever.
    """

    def __init__(self, next_of: Callable[[int, str], int]) -> None:
        self._next_of = next_of
        self.max_wait_ns: int | None = None
        self.ordered = True
        self._lines: dict[tuple[int, str], _Line] = {}
        self._ready: deque[Result | Gap] = deque()
        self._delivered = 0
        self._dropped: dict[str, int] = {}
        self.refused = self.duplicates = self.bytes = 0

    def is_next(self, parcel: Parcel) -> bool:
        """Whether order waits for exactly this one."""
        return self._line(parcel).order.next_number == parcel.index

    def arrive(self, result: Result, now_ns: int) -> bool:
        """Takes a result. False when it came before, or after it was given up: there is no more to be done with it."""
        line, index = self._line(result.parcel), result.parcel.index
        order = line.order
        late, duplicates = order.late, order.duplicates
        line.highest = max(line.highest, index)
        line.shift = result.parcel.header.number - index
        released = order.put(index, result, now_ns)
        if line.ordered:
            self._release(line, released)
        if order.duplicates > duplicates or order.late > late:
            self.duplicates += 1
            return False
        self.bytes += result.message.header.length
        if not line.ordered:
            self._release(line, [result])
        return True

    def due(self, now_ns: int) -> None:
        """Gives up what was waited for long enough."""
        for line in self._lines.values():
            self._release(line, line.order.due(now_ns))

    @property
    def due_ns(self) -> int | None:
        """When :meth:`due` has something to do."""
        due = [line.order.due_ns for line in self._lines.values() if line.order.due_ns is not None]
        return min(due, default=None)

    def take(self, wanted: Callable[[Result | Gap], bool]) -> Result | Gap | None:
        """The first that is wanted, or None. A result is delivered by that, and to be given to :meth:`finish`."""
        for place, each in enumerate(self._ready):
            if wanted(each):
                del self._ready[place]
                if isinstance(each, Result):
                    self._delivered += 1
                    self._line(each.parcel).open.add(each.parcel.index)
                return each
        return None

    @property
    def anything(self) -> bool:
        """Whether there is a result to be taken."""
        return any(isinstance(each, Result) for each in self._ready)

    def finish(self, parcel: Parcel) -> int:
        """The user has it; the index before which all of its run and track is done."""
        line = self._line(parcel)
        line.open.discard(parcel.index)
        line.done = max(line.done, parcel.index + 1)
        return min(line.open, default=line.done)

    def spoil(self, reason: str) -> None:
        """A result that was just taken turned out to hold no picture."""
        self._delivered -= 1
        self._drop(reason, 1)

    def stats(self, peers: int) -> StreamStats:
        """The counters at this moment."""
        expected = sum(line.highest + 1 - line.first for line in self._lines.values())
        held = sum(line.order.waiting for line in self._lines.values() if line.ordered)
        ready = sum(isinstance(each, Result) for each in self._ready)
        missing = sum(self._missing(line) for line in self._lines.values())
        return StreamStats(
            expected=expected,
            delivered=self._delivered,
            dropped=dict(self._dropped),
            waiting=held + ready + missing,
            refused=self.refused,
            duplicates=self.duplicates,
            peers=peers,
            bytes=self.bytes,
            runs=len({run for run, _ in self._lines}),
        )

    def _missing(self, line: _Line) -> int:
        """How many between those released and the highest have not come."""
        released = line.order.next_number
        return line.highest + 1 - (line.first if released is None else released) - line.order.waiting

    def _release(self, line: _Line, items: list[Result | Gap]) -> None:
        for each in items:
            if isinstance(each, Gap):
                self._drop(each.reason, each.count)
                self._tell(Gap(each.first + line.shift, each.last + line.shift, each.reason, each.track))
            elif each.parcel.outcome == "frame":
                self._ready.append(each)
            else:
                number = each.parcel.header.number
                self._drop(each.parcel.outcome, 1)
                self._tell(Gap(number, number, each.parcel.outcome, each.parcel.header.track))
                each.item.ack()

    def _tell(self, gap: Gap) -> None:
        last = self._ready[-1] if self._ready else None
        if (
            isinstance(last, Gap)
            and last.last + 1 == gap.first
            and (last.reason, last.track) == (gap.reason, gap.track)
        ):
            self._ready[-1] = Gap(last.first, gap.last, gap.reason, gap.track)
        else:
            self._ready.append(gap)

    def _drop(self, reason: str, count: int) -> None:
        self._dropped[reason] = self._dropped.get(reason, 0) + count

    def _line(self, parcel: Parcel) -> _Line:
        key = parcel.header.run, parcel.header.track
        line = self._lines.get(key)
        if line is None:
            wait_ns = _FOR_EVER_NS if self.max_wait_ns is None else self.max_wait_ns
            line = self._lines[key] = _Line(key[1], self._next_of(*key), wait_ns, self.ordered)
        return line
