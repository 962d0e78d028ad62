"""The sending end of a stream over zmq."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

import zmq

from rushes.errors import ClosedError, ConfigError
from rushes.wire.zmq_io import Link
from rushes.wire.zmq_sockets import MAX_PART_BYTES, Again

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.keys import Keys

__all__ = ["Publisher"]

_RELEASE_S = 0.02
_SLICE_MS = 20
_MAX_TOPICS, _MAX_TOPIC_BYTES = 1024, 256


class _Item(NamedTuple):
    head: bytes
    payload: memoryview
    sent: Callable[[bool], object] | None
    done: Callable[[bool], object] | None


class Publisher(Link):
    """Sends each message to all receivers that want its topic; a slow or stopped one costs only itself.

    Bound, or with ``bind=False`` connected to where a receiver is bound. At most ``hwm`` messages wait here,
    and as many for each receiver. ``lossless``: publish waits when they do, and messages wait for the slowest
    receiver. Otherwise one that is silent for 1.5 s is hung up on. ``on_event(what, detail)`` is called on the I/O
    thread and must be quick: besides what :class:`Link` says, ("subscribed" | "unsubscribed", topic) and
    ("request", bytes), a receiver's message upstream, ``b"k"`` when it wants a key frame.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        keys: Keys | None = None,
        insecure: bool = False,
        hwm: int = 4,
        bind: bool = True,
        lossless: bool = False,
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._waiting: deque[_Item] = deque()
        self._room = threading.Condition()
        self._hwm, self._lossless = hwm, lossless
        self._heartbeats = not lossless
        self._topics: Counter[bytes] = Counter()
        self._unreleased: list[tuple[zmq.MessageTracker, Callable[[bool], object]]] = []
        self._ended = False
        self.sent = 0
        self.dropped = 0
        super().__init__(
            endpoint, "XPUB", bind=bind, keys=keys, insecure=insecure, hwm=hwm, on_event=on_event
        )

    def publish(
        self,
        topic: bytes,
        header: bytes,
        payload: Any,
        *,
        sent: Callable[[bool], object] | None = None,
        done: Callable[[bool], object] | None = None,
    ) -> bool:
        """Hands one message over and returns at once, from any thread; ``payload`` is any contiguous buffer.

        False when ``hwm`` messages waited already and the oldest of them was dropped for this one; ``dropped``
        counts those. ``sent(True)`` is called once when it was handed to the network, ``sent(False)`` when it was
        dropped. The payload is sent from where it lies: leave it as it is until ``done(sent)`` was called, which
        costs some work for each message. Both are called on the I/O thread, or on this one for a message that
        this call dropped. ConfigError for a payload that is not contiguous, or over 64 MiB.
        """
        self._check_open()
        view = memoryview(payload)
        if not view.c_contiguous:
            raise ConfigError("a payload must be contiguous: copy it first", option="payload")
        if view.nbytes > MAX_PART_BYTES:
            raise ConfigError(
                f"a payload of {view.nbytes} bytes is over {MAX_PART_BYTES}: encode it", option="payload"
            )
        old = None
        with self._room:
            while self._must_wait():
                self._room.wait(_SLICE_MS / 1000)
            closed = self._ended or self._stop
            if not closed:
                if len(self._waiting) >= self._hwm:
                    old = self._waiting.popleft()
                    self.dropped += 1
                self._waiting.append(_Item(topic + header, view, sent, done))
        if closed:
            raise ClosedError(f"{self._label()} is closed", name=self._label())
        self._wake()
        if old is not None:
            self._drop(old)
        return old is None

    def _must_wait(self) -> bool:
        full = self._lossless and len(self._waiting) >= self._hwm and not (self._ended or self._stop)
        # The I/O thread, when it publishes from a callback, is the one that makes the room.
        return full and threading.current_thread() is not self._thread

    def give_up(self) -> None:
        """Whoever waits in ``publish`` waits no more: it and all later ones raise ClosedError."""
        with self._room:
            self._ended = True
            self._room.notify_all()

    def subscribed(self, topic: bytes) -> int:
        """How many subscriptions match ``topic`` now."""
        return sum(count for prefix, count in list(self._topics.items()) if topic.startswith(prefix))

    @property
    def waiting(self) -> int:
        """How many messages were taken and not yet handed to the network."""
        return len(self._waiting)

    def _prepare(self) -> None:
        # Every subscription and its end is told, also a second one to the same topic: that is how they are counted.
        self._socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        if self._lossless:
            # It cannot be polled for room, only waited for: in slices, so that the rest is served too.
            self._socket.setsockopt(zmq.XPUB_NODROP, 1)
            self._socket.setsockopt(zmq.SNDTIMEO, _SLICE_MS)

    def _readable(self) -> None:
        for _ in range(64):  # then others have their turn: a chatty receiver must not keep frames waiting
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except Again:
                return
            message = parts[0]
            if message[:1] in (b"\x00", b"\x01"):
                self._count(message[1:], message[:1] == b"\x01")
            elif len(parts) == 1:
                self._tell("request", message)

    def _count(self, topic: bytes, more: bool) -> None:
        known = topic in self._topics
        if more and (known or (len(self._topics) < _MAX_TOPICS and len(topic) <= _MAX_TOPIC_BYTES)):
            self._topics[topic] += 1
        elif not more and known:
            self._topics[topic] -= 1
            if self._topics[topic] <= 0:
                del self._topics[topic]
        self._tell("subscribed" if more else "unsubscribed", topic)

    def _turn(self) -> float | None:
        while True:
            with self._room:
                item = self._waiting.popleft() if self._waiting else None
            if item is None:
                break
            if not self._send(item):
                with self._room:
                    self._waiting.appendleft(item)
                self._release()
                return 0.0
            if self._lossless:
                with self._room:
                    self._room.notify()
        self._release()
        return _RELEASE_S if self._unreleased else None

    def _send(self, item: _Item) -> bool:
        # A receiver that has hwm messages waiting misses this one: XPUB waits for nobody unless told to.
        try:
            self._socket.send(item.head, zmq.SNDMORE)
        except Again:
            return False
        tracker = self._socket.send(item.payload, copy=False, track=item.done is not None)
        self.sent += 1
        if item.sent is not None:
            self._call(item.sent, True)
        if item.done is not None and tracker is not None:
            self._unreleased.append((tracker, item.done))
        return True

    def _drop(self, item: _Item) -> None:
        for callback in (item.sent, item.done):
            if callback is not None:
                self._call(callback, False)

    def _release(self) -> None:
        ready = [each for each in self._unreleased if each[0].done]
        if ready:
            self._unreleased = [each for each in self._unreleased if each not in ready]
        for _, done in ready:
            self._call(done, True)

    def _shut(self) -> None:
        with self._room:
            left = list(self._waiting)
            self._waiting.clear()
            self._ended = True
            self.dropped += len(left)
            self._room.notify_all()
        super()._shut()
        for item in left:
            self._drop(item)
        for tracker, done in self._unreleased:
            with contextlib.suppress(zmq.NotDone):
                tracker.wait(
                    1.0
                )  # the context is gone, so nothing sends from it: only the notice is on its way
            self._call(done, True)
        self._unreleased.clear()
