"""From messages as they come to frames and gaps in order, with an account of each number (pure).

The invariant, after every call and by number::

    expected = delivered + wire + stale + late + bad + waiting

where ``waiting`` is what has a ticket and is not settled (in the caller's hands), is settled before its turn, waits
for a missing number, or lies in the outbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.stream.outbox import Outbox, Ready
from rushes.stream.records import StreamStats
from rushes.stream.turns import Turns
from rushes.wire.flow import Gaps, Reorder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes.stream.outbox import Held
    from rushes.wire.message import Header

__all__ = ["Lost", "Sorting", "Ticket"]


class Lost(NamedTuple):
    """Stands for the picture of a frame that is not to be had: "stale" or "bad"."""

    reason: str


class Ticket(NamedTuple):
    """A frame's place in the order of arrival, and among the numbers of its run."""

    turn: int
    order: Reorder[Ready]
    header: Header


class Sorting:
    """Nothing is locked here: the caller does. Time is in nanoseconds of any steady clock."""

    def __init__(self) -> None:
        self.ordered = True
        self.max_wait_ns = 0
        self.outbox = Outbox()
        self.delivered = self.refused = self.bytes = 0
        self._gaps = Gaps()
        self._turns: Turns[tuple[Ticket, NDArray[Any] | Held | Lost]] = Turns()
        self._orders: dict[tuple[int, str], Reorder[Ready]] = {}
        self._dropped = {"stale": 0, "late": 0, "bad": 0}

    def arrive(self, header: Header, now_ns: int) -> Ticket | None:
        """Counts the number; None for one that came before."""
        seen = self._gaps.see(header.run, header.track, header.number)
        if not seen.fresh:
            return None
        self.bytes += header.length
        key = header.run, header.track
        if seen.new_run or key not in self._orders:
            self._begin(key, header.number)
        return Ticket(self._turns.ticket(), self._orders[key], header)

    def settle(self, ticket: Ticket, result: NDArray[Any] | Held | Lost, now_ns: int) -> None:
        """What became of a frame; each ticket is settled once."""
        through = self._turns.settle(ticket.turn, (ticket, result))
        for each, made in through if self.ordered else [(ticket, result)]:
            self._pass_on(each, made, now_ns)

    def _pass_on(self, ticket: Ticket, result: NDArray[Any] | Held | Lost, now_ns: int) -> None:
        order, number = ticket.order, ticket.header.number
        late = order.late
        if isinstance(result, Lost):
            self._dropped[result.reason] += 1
            released = order.lose(number, result.reason, now_ns)
        else:
            released = order.put(number, Ready(ticket.header, result), now_ns)
        self._dropped["late"] += order.late - late
        for item in released:
            self.outbox.put(item)

    def _begin(self, key: tuple[int, str], first: int) -> None:
        """A new run: what waited for numbers of the one before it on that track waits no longer."""
        for old in [each for each in self._orders if each[1] == key[1]]:
            for item in self._orders.pop(old).flush():
                self.outbox.put(item)
        self._orders[key] = Reorder(self.max_wait_ns, track=key[1], first=first)

    def due(self, now_ns: int) -> None:
        """Gives up numbers that were waited for long enough."""
        for order in self._orders.values():
            for item in order.due(now_ns):
                self.outbox.put(item)

    @property
    def due_ns(self) -> int | None:
        """When :meth:`due` has something to do; None when nothing is waited for."""
        due = [each.due_ns for each in self._orders.values() if each.due_ns is not None]
        return min(due, default=None)

    def end(self) -> None:
        """Once all tickets are settled: nothing waits any more, what did is stale."""
        for order in self._orders.values():
            for item in order.flush():
                self.outbox.put(item)
        self._orders.clear()
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
        held = sum(order.waiting for order in self._orders.values())
        losses = {"wire": counts.missing, **self._dropped}
        return StreamStats(
            expected=counts.expected,
            delivered=self.delivered,
            dropped={reason: count for reason, count in losses.items() if count},
            waiting=in_hand + self._turns.waiting + held + self.outbox.frames,
            refused=self.refused,
            duplicates=counts.duplicates,
            peers=peers,
            bytes=self.bytes,
            runs=counts.runs,
        )
