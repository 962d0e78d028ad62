"""Results in order again, each frame of each track once, with an account (pure).

By index, of which a run's source leaves none out::

    expected = delivered + dropped by reason + waiting

where ``waiting`` is also what has not come yet and is waited for.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from rushes.stream.records import StreamStats
from rushes.wire.flow import Gap, Reorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rushes.stream.parcel import Parcel
    from rushes.wire.jet_item import Item
    from rushes.wire.message import Message

__all__ = ["Result", "Results", "Settled"]

_FOR_EVER_NS = 10**18
_ANY = 1 << 30
_MOST_GAPS = 256


class Result(NamedTuple):
    """One result, held until it was handed over: its message, and the item to be acknowledged then."""

    parcel: Parcel
    message: Message
    item: Item


class Settled(NamedTuple):
    """A run's track has come to ``upto``, and is done with those ``beyond`` as well; of the ``items``, which are
    tombstones, the hub may be told once that is written down.
    """

    run: int
    track: str
    upto: int
    beyond: list[int]
    items: list[Item]


class _Line:
    """One run of one track. ``shift`` is a frame's number less its index, as last seen."""

    def __init__(self, track: str, known: tuple[int, list[int]], max_wait_ns: int, ordered: bool) -> None:
        first, beyond = known
        self.ordered, self.first, self.shift = ordered, first, 0
        # None stands for what the user has already, or has out of order.
        self.order: Reorder[Result | None] = Reorder(max_wait_ns, track=track, first=first, max_items=_ANY)
        for index in beyond:
            self.order.put(index, None, 0)
        self.before, self.highest = len(beyond), max(beyond, default=first - 1)
        self.changed = False
        self._open: list[int] = []
        self._done = set(beyond)
        self._tombs: list[Result] = []

    def hand_out(self, index: int) -> None:
        """The user is to have it, and will say so."""
        heappush(self._open, index)

    def finish(self, index: int) -> None:
        """The user has it."""
        self._done.add(index)
        self.changed = True

    def bury(self, tombstone: Result) -> None:
        """Its Gap is told; kept until all before it is done, since nobody must wait for it after a restart."""
        self._tombs.append(tombstone)
        self.changed = True

    def settled(self) -> tuple[int, list[int], list[Item]]:
        """The index before which all is done, what is done beyond it, and tombstones before it."""
        self.changed = False
        while self._open and self._open[0] in self._done:
            heappop(self._open)
        upto = self.order.next_number or 0
        if self._open:
            upto = min(upto, self._open[0])
        self._done = {index for index in self._done if index >= upto}
        items = [each.item for each in self._tombs if each.parcel.index < upto]
        self._tombs = [each for each in self._tombs if each.parcel.index >= upto]
        return upto, sorted(self._done), items


class Results:
    """Nothing is locked here: the caller does. ``known_of(run, track)`` is where an earlier receiver came to: the index
    to begin with, and what is done beyond it. Time is in nanoseconds of any steady clock. ``max_wait_ns`` None: for
    ever.
    """

    def __init__(self, known_of: Callable[[int, str], tuple[int, list[int]]]) -> None:
        self._known_of = known_of
        self.max_wait_ns: int | None = None
        self.ordered = True
        self._lines: dict[tuple[int, str], _Line] = {}
        self._ready: deque[Result | Gap] = deque()
        self._gaps = 0
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
        released = order.put(index, result if line.ordered else None, now_ns)
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
                else:
                    self._gaps -= 1
                return each
        return None

    @property
    def ready(self) -> int:
        """How many results are there to be taken."""
        return len(self._ready) - self._gaps

    def finish(self, parcel: Parcel) -> None:
        """The user has it."""
        self._line(parcel).finish(parcel.index)

    def settled(self) -> list[Settled]:
        """How far each run and track has come, where that changed since the last call."""
        changed = [(run, track, line) for (run, track), line in self._lines.items() if line.changed]
        return [Settled(run, track, *line.settled()) for run, track, line in changed]

    def spoil(self, reason: str) -> None:
        """A result that was just taken turned out to hold no picture."""
        self._delivered -= 1
        self._drop(reason, 1)

    def stats(self, peers: int) -> StreamStats:
        """The counters at this moment."""
        lines = self._lines.values()
        return StreamStats(
            expected=sum(line.highest + 1 - line.first - line.before for line in lines),
            delivered=self._delivered,
            dropped=dict(self._dropped),
            waiting=self.ready + sum(self._waiting(line) for line in lines),
            refused=self.refused,
            duplicates=self.duplicates,
            peers=peers,
            bytes=self.bytes,
            runs=len({run for run, _ in self._lines}),
        )

    def _waiting(self, line: _Line) -> int:
        """How many between those released and the highest have not come, or are held for those."""
        behind = line.highest + 1 - (line.order.next_number or 0)
        return behind if line.ordered else behind - line.order.waiting

    def _release(self, line: _Line, items: Sequence[Result | Gap | None]) -> None:
        for each in items:
            if isinstance(each, Gap):
                line.changed = True
                self._drop(each.reason, each.count)
                self._tell(Gap(each.first + line.shift, each.last + line.shift, each.reason, each.track))
            elif each is None:
                line.changed = True
            elif each.parcel.outcome == "frame":
                line.hand_out(each.parcel.index)
                self._ready.append(each)
            else:
                number = each.parcel.header.number
                self._drop(each.parcel.outcome, 1)
                self._tell(Gap(number, number, each.parcel.outcome, each.parcel.header.track))
                line.bury(each)

    def _tell(self, gap: Gap) -> None:
        last = self._ready[-1] if self._ready else None
        if (
            isinstance(last, Gap)
            and last.last + 1 == gap.first
            and (last.reason, last.track) == (gap.reason, gap.track)
        ):
            self._ready[-1] = Gap(last.first, gap.last, gap.reason, gap.track)
            return
        self._ready.append(gap)
        self._gaps += 1
        if self._gaps > _MOST_GAPS:  # there is nobody who asks for them
            self._gaps -= 1
            del self._ready[next(at for at, each in enumerate(self._ready) if isinstance(each, Gap))]

    def _drop(self, reason: str, count: int) -> None:
        self._dropped[reason] = self._dropped.get(reason, 0) + count

    def _line(self, parcel: Parcel) -> _Line:
        key = parcel.header.run, parcel.header.track
        line = self._lines.get(key)
        if line is None:
            wait_ns = _FOR_EVER_NS if self.max_wait_ns is None else self.max_wait_ns
            line = self._lines[key] = _Line(key[1], self._known_of(*key), wait_ns, self.ordered)
        return line
