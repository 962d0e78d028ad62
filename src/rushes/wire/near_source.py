"""A worker's end towards the streamer, on one machine: frames come in, and it is told what becomes of them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from rushes.errors import BadMessage, ClosedError
from rushes.lifecycle import Closeable
from rushes.wire import near
from rushes.wire.near_desk import work_socket
from rushes.wire.process_mark import Mark, lives, own_mark
from rushes.wire.zmq_dealer import Dealer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NearItem", "NearSource"]

_log = logging.getLogger("rushes.wire")
_BEAT_NS = 500_000_000
# A streamer whose process lives, as far as anybody can say, has so long to be there again: its farewell may be lost.
_LOST_NS = 5_000_000_000
_MOST_DELAY_S = 100.0


class NearItem:
    """As :class:`rushes.wire.jet_item.Item`, of a frame that lies in shared memory."""

    __slots__ = ("_settled", "_source", "deliveries", "desk", "frame", "head", "key", "payload", "sequence")

    def __init__(self, source: NearSource, desk: int, deal: near.Deal, payload: memoryview) -> None:
        self._source, self._settled = source, False
        self.desk, self.key, self.frame = desk, deal.key, deal.frame
        self.sequence = desk << 64 | deal.key
        self.deliveries, self.head, self.payload = deal.tries, deal.head, payload

    def ack(self) -> None:
        """It is done."""
        self._settle(near.Done(self.key))

    def nak(self, delay_s: float = 0.0) -> None:
        """Anybody's, at once or after ``delay_s``."""
        self._settle(near.Back(self.key, round(1000 * min(delay_s, _MOST_DELAY_S))))

    def term(self, reason: str = "") -> None:
        """Nobody's any more."""
        self._settle(near.Drop(self.key))

    def in_progress(self) -> None:
        """It is still worked on: its time starts anew."""
        if not self._settled:
            self._source.say(self.desk, near.Keep(self.key))

    def made(self) -> None:
        """It has a result, which is not safe yet."""
        if not self._settled:
            self._source.say(self.desk, near.Made(self.key))

    def _settle(self, said: near.Up) -> None:
        if not self._settled:
            self._settled = True
            self._source.settled(self, said)


class NearSource(Closeable):
    """Takes frames of one ``track`` of the streamer ``name``, whenever there is one; ``credit`` of them at first.

    ``look(place)`` gives the payload, None when it is not there any more. ``on_item(item)``; ``on_memory(depot)``
    tells where frames lie from now on, ``on_serves(desk)`` that a start of a streamer was joined, and
    ``on_gone(desk)`` that it has ended, whereupon :meth:`own` says what was given here and is not settled. All on the
    I/O thread. ``on_returned(item)`` is told of items of a streamer that has ended, which nobody else gets.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: str,
        track: str,
        member: int,
        credit: int,
        look: Callable[[near.Place], memoryview | None],
        on_item: Callable[[NearItem], object],
        on_memory: Callable[[str], object],
        on_serves: Callable[[int], object],
        on_gone: Callable[[int], object],
        on_returned: Callable[[NearItem], object],
    ) -> None:
        super().__init__()
        self.name, self._track, self._member = shown, track, member
        self._look, self._on_item, self._on_memory = look, on_item, on_memory
        self._on_serves, self._on_gone, self._on_returned = on_serves, on_gone, on_returned
        self._lock = threading.Lock()
        self._credit, self._pulling = credit, True
        self._open: dict[tuple[int, int], NearItem] = {}
        self._desk: near.Welcome | None = None
        self._joined = self._told = False
        self._down_ns: int | None = None
        self._beat_ns = 0
        self._dealer = Dealer(
            work_socket(name),
            shown=shown,
            on_up=self._up,
            on_down=self._down,
            on_message=self._came,
            on_turn=self._turn,
        )
        self._dealer.begin()

    def credit(self, count: int = 1) -> None:
        """Takes so many more. ClosedError after the close."""
        self._check_open()
        with self._lock:
            if not self._pulling:
                raise ClosedError(f"{self._label()} takes no more", name=self._label())
            self._credit += count
            joined = self._joined
        if joined:
            self._dealer.send([near.pack(near.Grant(count))])

    def pause(self) -> None:
        """Takes no more; what comes nevertheless goes back."""
        with self._lock:
            self._pulling = False
            self._credit = 0
            joined = self._joined
        if joined:
            self._dealer.send([near.pack(self._join())])

    def say(self, desk: int, said: near.Up) -> None:
        """Tells that start of the streamer; nothing, when it is another's turn by now."""
        with self._lock:
            here = self._joined and self._desk is not None and self._desk.desk == desk
        if here:
            self._dealer.send([near.pack(said)])

    def settled(self, item: NearItem, said: near.Up) -> None:
        """That the item is not worked on any more, and why."""
        with self._lock:
            if self._open.get((item.desk, item.key)) is item:
                del self._open[item.desk, item.key]
            over = self._desk is None or self._desk.desk != item.desk
        if not over:
            self.say(item.desk, said)
        elif isinstance(said, near.Back):
            self._on_returned(item)

    def own(self, desk: int) -> list[near.Frame]:
        """What was given here by that start of the streamer, and is not settled."""
        with self._lock:
            return [item.frame for (of, _), item in self._open.items() if of == desk]

    def _close(self) -> None:
        self._dealer.send([near.pack(near.Leave())])
        self._dealer.close()

    def _join(self) -> near.Join:
        return near.Join(near.VERSION, self._member, self._track, *own_mark(), self._credit)

    # From here on: the dealer's thread.

    def _up(self) -> None:
        with self._lock:
            self._joined = True
            said = self._join()
        self._dealer.send([near.pack(said)])

    def _down(self) -> None:
        with self._lock:
            self._joined = False
        self._down_ns = time.monotonic_ns()

    def _came(self, parts: list[memoryview]) -> None:
        try:
            said = near.read_down(parts[0])
        except BadMessage as error:
            _log.warning("%s: a message was refused: %s", self.name, error)
            return
        match said:
            case near.Welcome():
                self._welcome(said)
            case near.Deal():
                self._deal(said)
            case near.Memory(depot):
                self._on_memory(depot)
            case near.End():
                self._ended()
            case near.Stranger(tracks):
                if not self._told:
                    self._told = True
                    _log.warning("%s has no track %r, but %s", self.name, self._track, ", ".join(tracks))

    def _welcome(self, said: near.Welcome) -> None:
        if self._desk is not None and self._desk.desk != said.desk:
            self._ended()
        self._down_ns, self._told = None, False
        if self._desk is None:
            with self._lock:
                self._desk = said
            self._on_serves(said.desk)

    def _deal(self, deal: near.Deal) -> None:
        desk = self._desk
        if desk is None:
            return
        item = NearItem(self, desk.desk, deal, memoryview(b""))
        with self._lock:
            wanted = self._pulling
            known = self._open.get((desk.desk, deal.key))
            if wanted:
                self._credit = max(0, self._credit - 1)
        if known is not None:  # this process was stopped for so long that it was given out again
            known.in_progress()
            self._return_credit()
            return
        payload = self._look(deal.place) if wanted else None
        if payload is None:
            item.nak()
            self._return_credit()
            return
        item.payload = payload
        with self._lock:
            self._open[desk.desk, deal.key] = item
        self._on_item(item)

    def _return_credit(self) -> None:
        with contextlib.suppress(ClosedError):
            self.credit(1)

    def _ended(self) -> None:
        """The streamer, or this start of it, is gone for good."""
        with self._lock:
            desk, self._desk = self._desk, None
        self._down_ns = None
        if desk is not None:
            self._on_gone(desk.desk)

    def _turn(self, now_ns: int) -> float:
        if now_ns - self._beat_ns >= _BEAT_NS:
            self._beat_ns = now_ns
            self._dealer.send([near.pack(near.Alive())])
        if self._down_ns is not None and self._desk is not None:
            alive = lives(Mark(self._desk.pid, self._desk.born, self._desk.space))
            if alive is False or now_ns - self._down_ns > _LOST_NS:
                self._ended()
        return _BEAT_NS / 1e9
