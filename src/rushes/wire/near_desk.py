"""The streamer's end of map-reduce on one machine: frames are given out, and to others when a worker ends."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import BadMessage
from rushes.lifecycle import Closeable
from rushes.wire import near
from rushes.wire.dealing import Dealing
from rushes.wire.process_mark import Mark, own_mark
from rushes.wire.zmq_router import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["NearDesk", "work_socket"]

_log = logging.getLogger("rushes.wire")
_MOST_MEMBERS = 1024


def work_socket(name: str) -> str:
    """The socket where the frames of this name are given out; no endpoint can be called so."""
    return f"{name}+work"


class _Offer(NamedTuple):
    frame: near.Frame
    head: bytes
    place: near.Place


class NearDesk(Closeable):
    """Gives out frames to the workers of each of ``tracks``; ``room`` frames at most are not done with.

    ``on_free(key)`` is called when all tracks are done with a frame, on the I/O thread, and must be quick. At the
    close workers are told, and what they did not finish is theirs to tell of. WireError when the name is in use.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: str,
        tracks: Sequence[str],
        room: int,
        on_free: Callable[[int], object],
    ) -> None:
        super().__init__()
        self.name, self._on_free = shown, on_free
        self._tracks, self.room = list(tracks), room
        self._lock = threading.Lock()
        self._space = threading.Condition(self._lock)
        self._dealing = Dealing(tracks)
        self._frames: dict[int, _Offer] = {}
        self._members: dict[int, bytes] = {}
        self._peers: dict[bytes, int] = {}
        self._next = 0
        self._memory = ""
        self._welcome = near.Welcome(near.VERSION, secrets.randbits(63), *own_mark())
        self._router = Router(
            work_socket(name),
            shown=shown,
            on_message=self._came,
            on_gone=self._gone,
            on_turn=self._turn,
        )
        self._router.begin()

    @property
    def outstanding(self) -> int:
        """How many frames are not done with."""
        return self._dealing.outstanding

    @property
    def workers(self) -> int:
        """How many are there."""
        return len(self._members)

    def wait_room(self, timeout_s: float) -> bool:
        """Whether there is room for one more, now or within that time."""
        with self._space:
            return self._space.wait_for(lambda: self._dealing.outstanding < self.room, timeout_s)

    def announce(self, depot: str) -> None:
        """Frames lie in that depot from now on: workers look at it while this process lives to show it."""
        with self._lock:
            self._memory = depot
            peers = list(self._peers)
        for peer in peers:
            self._say(peer, near.Memory(depot))

    def offer(self, frame: near.Frame, head: bytes, place: near.Place) -> int:
        """Gives it out as soon as somebody takes it; its key. Not before there is room."""
        self._check_open()
        with self._lock:
            key, self._next = self._next, self._next + 1
            self._frames[key] = _Offer(frame, head, place)
            self._dealing.offer(key)
        self._router.wake()
        return key

    def _close(self) -> None:
        with self._lock:
            peers = list(self._peers)
        for peer in peers:
            self._say(peer, near.End())
        self._router.close()

    def _say(self, peer: bytes, message: near.Down) -> None:
        self._router.send(peer, [near.pack(message)])

    # From here on: the router's thread.

    def _came(self, peer: bytes, parts: list[memoryview]) -> None:
        try:
            if len(parts) != 1:
                raise BadMessage(f"a worker's message has one part, this one has {len(parts)}")
            said = near.read_up(parts[0])
        except BadMessage as error:
            _log.warning("%s: a message was refused: %s", self.name, error)
            return
        if isinstance(said, near.Join):
            self._join(peer, said)
            return
        with self._lock:
            member = self._peers.get(peer)
        if member is not None:
            self._heard(peer, member, said)

    def _join(self, peer: bytes, said: near.Join) -> None:
        if said.version != near.VERSION or (
            said.member not in self._members and len(self._members) >= _MOST_MEMBERS
        ):
            _log.warning("%s: a worker of version %d was refused", self.name, said.version)
            return
        now_ns = time.monotonic_ns()
        with self._lock:
            known = self._dealing.join(said.member, said.track, said.credit, now_ns)
            memory = self._memory
            if known:
                self._peers.pop(self._members.get(said.member, b""), None)
                self._members[said.member], self._peers[peer] = peer, said.member
        if not known:
            self._say(peer, near.Stranger(self._tracks))
            return
        self._say(peer, self._welcome)
        if memory:
            self._say(peer, near.Memory(memory))
        self._router.watch(peer, Mark(said.pid, said.born, said.space))

    def _heard(self, peer: bytes, member: int, said: near.Up) -> None:
        now_ns = time.monotonic_ns()
        freed = -1
        with self._lock:
            self._dealing.heard(member, now_ns)
            match said:
                case near.Grant(count):
                    self._dealing.grant(member, count)
                case near.Keep(key):
                    self._dealing.keep(member, key, now_ns)
                case near.Made(key):
                    self._dealing.made(member, key)
                case near.Done(key) | near.Drop(key):
                    if self._dealing.done(member, key):
                        freed = key
                        del self._frames[key]
                        self._space.notify_all()
                case near.Back(key, delay_ms):
                    self._dealing.back(member, key, delay_ms * 1_000_000, now_ns)
        if freed >= 0:
            self._on_free(freed)
        if isinstance(said, near.Leave):
            self._gone(peer)

    def _gone(self, peer: bytes) -> None:
        self._router.unwatch(peer)
        with self._lock:
            member = self._peers.pop(peer, None)
            if member is not None and self._members.get(member) == peer:
                del self._members[member]
                self._dealing.leave(member)

    def _turn(self, now_ns: int) -> float | None:
        with self._lock:
            deals = [
                (self._members[each.worker], each, self._frames[each.key])
                for each in self._dealing.turn(now_ns)
            ]
            due_ns = self._dealing.due_ns
        for peer, each, offer in deals:
            self._say(peer, near.Deal(each.key, each.tries, *offer))
        return None if due_ns is None else max(0.0, (due_ns - now_ns) / 1e9)
