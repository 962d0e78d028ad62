"""The receiver's end of map-reduce on one machine: results come in, and their workers hear when a user has them."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage
from rushes.lifecycle import Closeable
from rushes.wire import near
from rushes.wire.near_lost import Losses
from rushes.wire.process_mark import Mark
from rushes.wire.zmq_router import Router

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NearResult", "NearResults", "drain_socket"]

_log = logging.getLogger("rushes.wire")
_MOST_MEMBERS = 1024
_MOST_PUT_OFF = 4096
_BUSY_MS = 500
_LOOK_S = 0.5


def drain_socket(name: str) -> str:
    """The socket where the results of this name are taken in; no endpoint can be called so."""
    return f"{name}+drain"


class NearResult:
    """As :class:`rushes.wire.jet_item.Item`, of a result that its worker keeps until :meth:`ack`."""

    __slots__ = ("_results", "_settled", "head", "id", "payload", "peers", "sequence")

    def __init__(
        self, results: NearResults, id: str, sequence: int, head: bytes, payload: memoryview
    ) -> None:
        self._results, self._settled = results, False
        self.id, self.sequence, self.head, self.payload = id, sequence, head, payload
        self.peers: list[bytes] = []

    def ack(self) -> None:
        """Its user has it."""
        self._settle(near.Taken(self.id))

    def nak(self, delay_s: float = 0.0) -> None:
        """There is no room for it now; it comes again after ``delay_s``."""
        self._settle(near.Later(self.id, round(1000 * min(delay_s, 100.0))))

    def term(self, reason: str = "") -> None:
        """It cannot be used."""
        self._settle(near.Taken(self.id))

    def in_progress(self) -> None:
        """Nothing: its worker waits for as long as it lives."""

    def _settle(self, said: near.Taken | near.Later) -> None:
        if not self._settled:
            self._settled = True
            self._results.settled(self, said)


class NearResults(Closeable):
    """Takes results in at the name, which is this object's alone: WireError when it is in use.

    ``look(place)`` gives a payload that lies in a depot, None when it cannot. ``lost(track, frame)`` makes the head
    of what comes in place of a frame that went with its streamer. A result that comes again, from its worker or
    another one, is the same result until it is settled.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: str,
        look: Callable[[near.Place], memoryview | None],
        lost: Callable[[str, near.Frame], bytes],
    ) -> None:
        super().__init__()
        self.name, self._look, self._lost_head = shown, look, lost
        self._lock = threading.Lock()
        self._on_item: Callable[[Any], object] | None = None
        self._credit = 0
        self._open: dict[str, NearResult] = {}
        self._put_off: deque[tuple[bytes, str]] = deque()
        self._tracks: dict[bytes, str] = {}
        self._members: dict[int, bytes] = {}
        self._losses = Losses()
        self._numbers = itertools.count()
        self._router = Router(
            drain_socket(name), shown=shown, on_message=self._came, on_gone=self._gone, on_turn=self._turn
        )
        self._router.begin()

    @property
    def waiting(self) -> int:
        """How many results there was no credit for."""
        return len(self._put_off)

    def pull(self, credit: int, on_item: Callable[[Any], object]) -> None:
        """Has ``on_item(item)`` called on the I/O thread, at first ``credit`` times at most."""
        with self._lock:
            self._on_item = on_item
        self.credit(credit)

    def credit(self, count: int) -> None:
        """So many more; from any thread."""
        with self._lock:
            self._credit += count
            again = [self._put_off.popleft() for _ in range(min(len(self._put_off), max(0, self._credit)))]
        for peer, each in again:
            self._say(peer, near.Later(each, 0))

    def pause(self) -> None:
        """No more."""
        with self._lock:
            self._on_item = None

    def settled(self, result: NearResult, said: near.Taken | near.Later) -> None:
        """Tells all who wait for it."""
        with self._lock:
            self._open.pop(result.id, None)
            peers = list(result.peers)
            if isinstance(said, near.Later):
                self._losses.forget(result.id)
        for peer in peers:
            self._say(peer, said)

    def _close(self) -> None:
        self._router.close()

    def _say(self, peer: bytes, message: near.Down) -> None:
        self._router.send(peer, [near.pack(message)])

    # From here on: the router's thread.

    def _came(self, peer: bytes, parts: list[memoryview]) -> None:
        try:
            said = near.read_drain(parts[0]) if parts else None
        except BadMessage as error:
            _log.warning("%s: a message was refused: %s", self.name, error)
            return
        if isinstance(said, near.Join):
            self._join(peer, said)
        elif said is not None and peer in self._tracks:
            self._losses.heard(peer, time.monotonic_ns())
            match said:
                case near.Result():
                    self._result(peer, said, parts[1] if len(parts) > 1 else None)
                case near.Serves(desk):
                    self._losses.serves(peer, self._tracks[peer], desk)
                case near.Lost(desk, frames, own):
                    self._losses.lost(peer, self._tracks[peer], desk, frames, own, time.monotonic_ns())
                case near.Leave():
                    self._gone(peer)

    def _join(self, peer: bytes, said: near.Join) -> None:
        if said.version != near.VERSION or len(self._tracks) >= _MOST_MEMBERS:
            _log.warning("%s: a worker of version %d was refused", self.name, said.version)
            return
        old = self._members.get(said.member)
        if old is not None:
            self._gone(old)
        self._members[said.member] = peer
        self._tracks[peer] = said.track
        self._losses.heard(peer, time.monotonic_ns())
        self._router.watch(peer, Mark(said.pid, said.born, said.space))

    def _gone(self, peer: bytes) -> None:
        self._router.unwatch(peer)
        self._tracks.pop(peer, None)
        self._members = {member: each for member, each in self._members.items() if each != peer}
        self._losses.gone(peer)
        with self._lock:
            for each in self._open.values():
                each.peers = [other for other in each.peers if other != peer]

    def _result(self, peer: bytes, said: near.Result, payload: memoryview | None) -> None:
        with self._lock:
            known = self._open.get(said.id)
            if known is not None:
                if peer not in known.peers:
                    known.peers.append(peer)
                return
            if self._on_item is None or self._credit <= 0:
                if len(self._put_off) < _MOST_PUT_OFF:
                    self._put_off.append((peer, said.id))
                    return
                busy = True
            else:
                busy = False
        if busy:
            self._say(peer, near.Later(said.id, _BUSY_MS))
            return
        if payload is None:
            payload = memoryview(b"") if said.place is None else self._look(said.place)
        if payload is None:
            self._say(peer, near.Send(said.id))
            return
        self._losses.seen(said.id, self._tracks[peer], said.run, said.index)
        self._give(said.id, said.head, payload, [peer])

    def _give(self, id: str, head: bytes, payload: memoryview, peers: list[bytes]) -> None:
        result = NearResult(self, id, next(self._numbers), head, payload)
        result.peers = peers
        with self._lock:
            on_item = self._on_item
            if on_item is None:
                return
            self._open[id] = result
            self._credit -= 1
        on_item(result)

    def _turn(self, now_ns: int) -> float | None:
        if not self._losses.pending:
            return None
        if self._on_item is not None:
            for track, frame in self._losses.due(now_ns):
                self._give(
                    f"lost-{frame.run}-{track}-{frame.index}",
                    self._lost_head(track, frame),
                    memoryview(b""),
                    [],
                )
        return _LOOK_S
