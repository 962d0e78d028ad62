"""A worker's end towards the receiver, on one machine: results go out, and are kept until their user has them."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage, ClosedError
from rushes.lifecycle import Closeable
from rushes.wire import near
from rushes.wire.jet_ticket import Stored, Ticket
from rushes.wire.near_results import drain_socket
from rushes.wire.process_mark import own_mark
from rushes.wire.zmq_dealer import Dealer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NearDrain"]

_log = logging.getLogger("rushes.wire")
_BEAT_NS = 500_000_000
_MOST_DESKS = 8
_STORED = Stored(0, False)


@dataclass(slots=True, eq=False)
class _Waiting:
    ticket: Ticket
    said: near.Result
    payload: Any
    due_ns: int | None = None
    whole: bool = False


class NearDrain(Closeable):
    """Hands results in at the receiver ``name``, whenever there is one, and again at the next when it ends before it
    has said that they are with their user. Bounded by what the streamer gives out: nobody waits here.
    """

    def __init__(self, name: str, *, shown: str, track: str, member: int) -> None:
        super().__init__()
        self.name = shown
        self._join = near.Join(near.VERSION, member, track, *own_mark(), 0)
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._serves: list[int] = []
        self._lost: dict[int, near.Lost] = {}
        self._beat_ns = 0
        self._dealer = Dealer(
            drain_socket(name),
            shown=shown,
            on_up=self._up,
            on_down=lambda: None,
            on_message=self._came,
            on_turn=self._turn,
        )
        self._dealer.begin()

    @property
    def unconfirmed(self) -> int:
        """How many results are not with their user yet."""
        return len(self._waiting)

    def publish(self, ticket: Ticket, said: near.Result, payload: Any) -> None:
        """Hands it in; the ticket is settled when its user has it. The payload goes along unless it lies in the
        place that is named: leave it as it is until then.
        """
        with self._lock:
            if self.closed:
                raise ClosedError(f"{self._label()} is closed", name=self._label())
            known = self._waiting.get(said.id)
            each = self._waiting[said.id] = _Waiting(ticket, said, payload)
        if known is not None:
            known.ticket.settle(ClosedError(f"{said.id} was made once more", name=said.id))
        self._send(each)

    def serves(self, desk: int) -> None:
        """That frames of this start of a streamer are worked on here."""
        with self._lock:
            self._serves = [*self._serves[1 - _MOST_DESKS :], desk]
        self._dealer.send([near.pack(near.Serves(desk))])

    def lost(self, desk: int, frames: Sequence[near.Frame], own: Sequence[near.Frame]) -> None:
        """That this start of the streamer has ended; see :class:`rushes.wire.near.Lost`."""
        said = near.Lost(desk, list(frames), list(own))
        with self._lock:
            self._lost[desk] = said
            while len(self._lost) > _MOST_DESKS:
                del self._lost[next(iter(self._lost))]
        self._dealer.send([near.pack(said)])

    def _close(self) -> None:
        with self._lock:
            left = list(self._waiting.values())
            self._waiting.clear()
        self._dealer.send([near.pack(near.Leave())])
        self._dealer.close()
        for each in left:
            each.ticket.settle(ClosedError(f"{self._label()} was closed", name=self._label()))

    def _send(self, each: _Waiting) -> None:
        each.due_ns = None
        parts: list[Any] = [near.pack(each.said)]
        if each.said.place is None or each.whole:
            parts.append(each.payload)
        self._dealer.send(parts)

    # From here on: the dealer's thread.

    def _up(self) -> None:
        with self._lock:
            said: list[near.Drain] = [self._join, *(near.Serves(each) for each in self._serves)]
            said += self._lost.values()
            results = list(self._waiting.values())
        for each in said:
            self._dealer.send([near.pack(each)])
        for result in results:
            self._send(result)

    def _came(self, parts: list[memoryview]) -> None:
        try:
            said = near.read_down(parts[0])
        except BadMessage as error:
            _log.warning("%s: a message was refused: %s", self.name, error)
            return
        if not isinstance(said, near.Taken | near.Later | near.Send):
            return
        with self._lock:
            each = self._waiting.get(said.id)
            if each is not None and isinstance(said, near.Taken):
                del self._waiting[said.id]
        if each is None:
            return
        match said:
            case near.Taken():
                each.ticket.settle(_STORED)
            case near.Later(_, delay_ms):
                each.due_ns = self._now_ns + delay_ms * 1_000_000
            case near.Send():
                each.whole = True
                self._send(each)

    def _turn(self, now_ns: int) -> float:
        self._now_ns = now_ns
        if now_ns - self._beat_ns >= _BEAT_NS:
            self._beat_ns = now_ns
            self._dealer.send([near.pack(near.Alive())])
        with self._lock:
            later = [each for each in self._waiting.values() if each.due_ns is not None]
        for each in later:
            if each.due_ns is not None and each.due_ns <= now_ns:
                self._send(each)
        times = [each.due_ns - now_ns for each in later if each.due_ns is not None]
        return max(0, min([*times, _BEAT_NS])) / 1e9

    _now_ns = 0
