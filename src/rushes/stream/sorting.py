"""From messages as they come to frames and gaps in order, with an account of each number (pure).

The invariant, after every call and by number::

    expected = delivered + wire + stale + late + bad + waiting

where ``waiting`` is what has a ticket and is not settled (in the caller's hands), is settled before its turn, waits
for a missing number, or lies in the outbox.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.stream.outbox import Outbox, Ready
from rushes.stream.records import StreamStats
from rushes.stream.turns import Turns
from rushes.wire.flow import Gap, Gaps, Reorder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes.stream.outbox import Held
    from rushes.wire.message import Header

__all__ = ["Lost", "Sorting", "Ticket"]

_MOST_LINES = 64


class Lost(NamedTuple):
    """Stands for the picture of a frame that is not to be had: "stale" or "bad"."""

    reason: str


class _Line:
    """One run of one track. Without an ``order`` frames pass as they are decoded. A retired one keeps nothing."""

    __slots__ = ("order", "retired", "track")

    def __init__(self, track: str, order: Reorder[Ready] | None) -> None:
        self.track, self.order, self.retired = track, order, False


class Ticket(NamedTuple):
    """A frame's place in the order of arrival, -1 where that is of no matter, and among the numbers of its run."""

    turn: int
    line: _Line
    header: Header


class Sorting:
    """Nothing is locked here: the caller does. Time is in nanoseconds of any steady clock."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.delivered = self.refused = self.bytes = 0
        self._ordered, self._max_wait_ns = True, 0
        self._gaps = Gaps()
        self._turns: Turns[tuple[Ticket, NDArray[Any] | Held | Lost | Gap]] = Turns()
        self._lines: OrderedDict[tuple[int, str], _Line] = OrderedDict()
        self._passing: dict[str, _Line] = {}
        self._dropped = {"stale": 0, "late": 0, "bad": 0}

    def order(self, *, ordered: bool, max_wait_ns: int) -> None:
        """By number, a missing one waited for so long; or as settled. What waits for a number waits no longer."""
        if (ordered, max_wait_ns) == (self._ordered, self._max_wait_ns):
            return
        self._ordered, self._max_wait_ns = ordered, max_wait_ns
        for line in self._lines.values():
            self._retire(line)
        self._lines.clear()

    def arrive(self, header: Header) -> Ticket | None:
        """Counts the number; None for one that is of no more use."""
        sequence = self._gaps.of(header.run, header.track)
        newest = sequence.highest if sequence is not None else None
        seen = self._gaps.see(header.run, header.track, header.number)
        if not seen.fresh:
            return None
        self.bytes += header.length
        line = self._line(header, header.number if newest is None else newest + 1)
        if line.order is None:
            if newest is not None and header.number <= newest:
                self._dropped["late"] += 1  # its Gap has been told
                return None
            if seen.gap is not None:
                self.outbox.put(seen.gap)
            return Ticket(-1, line, header)
        return Ticket(self._turns.ticket(), line, header)

    def mark(self, header: Header) -> None:
        """The sender has sent up to this number: what did not come of it is missing."""
        sequence = self._gaps.of(header.run, header.track)
        gap = sequence.upto(header.number) if sequence is not None else None
        if gap is None:
            return
        line = self._line(header, gap.first)
        turn = -1 if line.order is None else self._turns.ticket()
        self._settle(Ticket(turn, line, header), gap, 0)

    def settle(self, ticket: Ticket, result: NDArray[Any] | Held | Lost, now_ns: int) -> None:
        """What became of a frame; each ticket is settled once."""
        self._settle(ticket, result, now_ns)

    def _settle(self, ticket: Ticket, result: NDArray[Any] | Held | Lost | Gap, now_ns: int) -> None:
        if ticket.turn < 0:
            self._pass_on(ticket, result, now_ns)
            return
        for each, made in self._turns.settle(ticket.turn, (ticket, result)):
            self._pass_on(each, made, now_ns)

    def _pass_on(self, ticket: Ticket, result: NDArray[Any] | Held | Lost | Gap, now_ns: int) -> None:
        line, number = ticket.line, ticket.header.number
        self._step_up(line)
        if isinstance(result, Lost):
            self._dropped[result.reason] += 1
        order = line.order
        if order is None:
            self.outbox.put(_plain(ticket, result))
            return
        late = order.late
        if isinstance(result, Gap):
            released = order.lose(result.last, result.reason, now_ns)
        elif isinstance(result, Lost):
            released = order.lose(number, result.reason, now_ns)
        else:
            released = order.put(number, Ready(ticket.header, result), now_ns)
        self._dropped["late"] += order.late - late
        self._release(released)
        if line.retired:
            self._release(order.flush())

    def _step_up(self, line: _Line) -> None:
        """A new run begins to pass: what waited for numbers of the one before it on that track waits no longer."""
        before = self._passing.get(line.track)
        if before is line:
            return
        if before is not None:
            self._retire(before)
        self._passing[line.track] = line
        if len(self._passing) > _MOST_LINES:
            self._retire(self._passing.pop(next(iter(self._passing))))

    def _line(self, header: Header, first: int) -> _Line:
        key = header.run, header.track
        line = self._lines.get(key)
        if line is None or line.retired:
            order: Reorder[Ready] | None = None
            if self._ordered:
                order = Reorder(self._max_wait_ns, track=header.track, first=first)
            line = self._lines[key] = _Line(header.track, order)
            if len(self._lines) > _MOST_LINES:
                self._retire(self._lines.popitem(last=False)[1])
        self._lines.move_to_end(key)
        return line

    def _retire(self, line: _Line) -> None:
        line.retired = True
        if line.order is not None:
            self._release(line.order.flush())

    def _release(self, items: list[Ready | Gap]) -> None:
        for item in items:
            self.outbox.put(item)

    def due(self, now_ns: int) -> None:
        """Gives up numbers that were waited for long enough."""
        for line in self._lines.values():
            if line.order is not None:
                self._release(line.order.due(now_ns))

    @property
    def due_ns(self) -> int | None:
        """When :meth:`due` has something to do; None when nothing is waited for."""
        due = [line.order.due_ns for line in self._lines.values() if line.order is not None]
        return min((each for each in due if each is not None), default=None)

    def end(self) -> None:
        """Once all tickets are settled: nothing waits any more, what did is stale."""
        for line in self._lines.values():
            self._retire(line)
        self._lines.clear()
        self._passing.clear()
        self.outdate(keep=0)

    def outdate(self, keep: int, *, spare_first: bool = False) -> None:
        """Only the newest ``keep`` frames are still of use, and the first where that is to be spared."""
        self._dropped["stale"] += self.outbox.outdate(keep, spare_first=spare_first)

    def spoil(self) -> None:
        """A frame that was just delivered turned out to be none."""
        self.delivered -= 1
        self._dropped["bad"] += 1

    def stats(self, in_hand: int, peers: int) -> StreamStats:
        """The counters; ``in_hand`` tickets are not settled."""
        counts = self._gaps.counts()
        held = sum(line.order.waiting for line in self._lines.values() if line.order is not None)
        early = sum(not isinstance(result, Gap) for _, result in self._turns.early)
        losses = {"wire": counts.missing, **self._dropped}
        return StreamStats(
            expected=counts.expected,
            delivered=self.delivered,
            dropped={reason: count for reason, count in losses.items() if count},
            waiting=in_hand + early + held + self.outbox.frames,
            refused=self.refused,
            duplicates=counts.duplicates,
            peers=peers,
            bytes=self.bytes,
            runs=counts.runs,
        )


def _plain(ticket: Ticket, result: NDArray[Any] | Held | Lost | Gap) -> Ready | Gap:
    if isinstance(result, Gap):
        return result
    if isinstance(result, Lost):
        number = ticket.header.number
        return Gap(number, number, result.reason, ticket.header.track)
    return Ready(ticket.header, result)
