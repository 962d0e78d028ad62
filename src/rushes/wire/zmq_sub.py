"""The receiving end of a stream over zmq."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.wire.zmq_io import Link
from rushes.wire.zmq_sockets import Again, receive, send_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.keys import Keys

__all__ = ["Subscriber"]

_REQUESTS = 16


class Subscriber(Link):
    """Takes every message of the ``topics`` off the socket as it comes, so that none grows old there.

    Connected, or with ``bind=True`` bound, for several senders. ``on_message(parts)`` gets read-only
    memoryviews, valid as long as they are held, and like ``on_event`` is called on the I/O thread and must be
    quick: while it runs nothing is taken. Events are those of :class:`Link`. It connects again by itself.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        topics: Iterable[bytes],
        *,
        keys: Keys | None = None,
        insecure: bool = False,
        hwm: int = 4,
        bind: bool = False,
        on_message: Callable[[list[memoryview]], object],
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._wanted = tuple(dict.fromkeys(topics))
        if not self._wanted:
            raise ConfigError('no topics: nothing would ever come; b"" is everything', option="topics")
        self._on_message = on_message
        self._requests: deque[bytes] = deque(maxlen=_REQUESTS)
        self._changes: deque[bytes] = deque()
        self._paused = self._unread = False
        super().__init__(
            endpoint, "XSUB", bind=bind, keys=keys, insecure=insecure, hwm=hwm, on_event=on_event
        )

    def send_up(self, request: bytes) -> None:
        """Sends a short message to every sender that is connected, from any thread; ``b"k"``: a key frame.

        Of more than 16 that wait the oldest is forgotten: asking again is cheap, asking late is of no use.
        """
        self._check_open()
        if not request or request[0] < 2:
            raise ConfigError("a request cannot be empty or begin with the bytes 0 or 1", option="request")
        self._requests.append(request)
        self._wake()

    def pause(self, paused: bool) -> None:
        """Leaves messages unread, or reads on; from any thread. What is unread fills the buffers on the way here, so
        that a sender who waits for us waits; another one drops.
        """
        if self._paused != paused:
            self._paused = paused
            self._wake()

    def change(self, topic: bytes, *, wanted: bool) -> None:
        """Takes the messages of that topic too from now on, or no more; from any thread."""
        self._check_open()
        self._changes.append((b"\x01" if wanted else b"\x00") + topic)
        self._wake()

    def _prepare(self) -> None:
        for topic in self._wanted:
            send_now(self._socket, b"\x01" + topic)

    def _readable(self) -> None:
        for _ in range(64):  # then the others have their turn: the end, requests, whoever knocks
            if self._paused:
                return
            try:
                parts = receive(self._socket)
            except Again:
                return
            self._call(self._on_message, parts)

    def _turn(self) -> None:
        if self._paused != self._unread:
            self._unread = self._paused
            self._listen(not self._paused)
        while self._changes:
            send_now(self._socket, self._changes.popleft())
        while self._requests:
            send_now(self._socket, self._requests.popleft())
