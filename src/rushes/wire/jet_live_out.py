"""The sending end of a stream that a hub relays."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from binascii import b2a_base64
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.errors import ClosedError, ConfigError
from rushes.wire.jet_live import GONE, HEAD, ID_BYTES, JOIN, WATCH, LiveLink, ask_subject, live_subject
from rushes.wire.jet_ticket import as_payload
from rushes.wire.message import PIXELS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from nats.aio.msg import Msg

    from rushes.wire.hub_roles import Credentials
    from rushes.wire.jet_session import Session

__all__ = ["LivePublisher"]

_WINDOW = 16
_LATE_S = 0.25
_ANSWER_S = 30  # who is silent for so long has been parted from before
_SILENCE_S = 3.5  # three announcements may be lost
_TICK_S = 0.5
_MOST_VIEWERS = 1024
_MOST_REQUEST = 16
_FIELDS = 64  # what the lines around a head take


class _Item(NamedTuple):
    head: bytes
    payload: memoryview
    sent: Callable[[bool], object] | None
    done: Callable[[bool], object] | None


class LivePublisher(LiveLink):
    """As :class:`rushes.wire.zmq_link.Publisher`: each message once, to the hub, who passes it on to all viewers.

    At most ``hwm`` messages wait here, the oldest goes first. No more are handed over while the hub is a quarter of a
    second behind with those before: what is too much for the line is dropped here, and none grows old on it.
    Events are those of :class:`LiveLink`, ("subscribed" | "unsubscribed", topic) as viewers come and go, and
    ("request", bytes) for what else they say.
    """

    def __init__(
        self,
        urls: Sequence[str],
        stream: str,
        *,
        credentials: Credentials | None,
        name: str,
        hwm: int,
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._waiting: deque[_Item] = deque()
        self._lock = threading.Lock()
        self._hwm = hwm
        self._ended = False
        self._most_bytes = 0
        # From here on only the link's thread.
        self._viewers: dict[bytes, float] = {}
        self._wake = asyncio.Event()
        self._unconfirmed: deque[float] = deque()
        self._least_s = float("inf")
        super().__init__(urls, stream, credentials=credentials, name=name, on_event=on_event)

    @property
    def address(self) -> str:
        """The hub's."""
        return self.endpoint

    @property
    def peers(self) -> int:
        """How many viewers there are."""
        return len(self._viewers)

    def subscribed(self, topic: bytes) -> int:
        """How many want that topic: coded or raw pictures are all there is."""
        return len(self._viewers) if topic == PIXELS else 0

    def refuses(self, header: bytes, size: int) -> bool:
        """Whether the hub passes no message on with that header and so many bytes: it would end the connection."""
        return 0 < self._most_bytes < size + _FIELDS + 4 * len(header) // 3

    def publish(
        self,
        topic: bytes,
        header: bytes,
        payload: Any,
        *,
        sent: Callable[[bool], object] | None = None,
        done: Callable[[bool], object] | None = None,
    ) -> bool:
        """As :meth:`rushes.wire.zmq_link.Publisher.publish`; "sent" is handed to the connection with the hub.

        ConfigError for what :meth:`refuses`.
        """
        self._check_open()
        item = _Item(topic + header, as_payload(payload), sent, done)
        if self.refuses(item.head, item.payload.nbytes):
            raise ConfigError(
                f"a message of {item.payload.nbytes} bytes is over the hub's {self._most_bytes}: encode it",
                option="payload",
            )
        old: _Item | None = None
        with self._lock:
            if self._ended:
                raise ClosedError(f"{self._label()} is closed", name=self._label())
            if self._session is None:
                old = item
            else:
                if len(self._waiting) >= self._hwm:
                    old = self._waiting.popleft()
                self._waiting.append(item)
        if old is not item:
            self._thread.call(self._wake.set)
        if old is not None:
            _drop(old)
        return old is None

    def give_up(self) -> None:
        """Nothing waits in :meth:`publish`."""

    async def _begin(self, session: Session) -> None:
        self._most_bytes = session.client.max_payload
        self._unconfirmed.clear()
        self._least_s = float("inf")

        async def come(message: Msg) -> None:
            if not session.lost.done():
                self._asked(message.data)

        await session.client.subscribe(ask_subject(self.stream), cb=come)

    def _works(self, session: Session) -> list[Coroutine[Any, Any, None]]:
        return [self._pump(session), self._tend(session)]

    def detach(self) -> None:
        """As :meth:`LiveLink.detach`; what waits is of no use to anybody when the hub comes again."""
        with self._lock:
            super().detach()
            left = list(self._waiting)
            self._waiting.clear()
        self._viewers.clear()
        for item in left:
            _drop(item)

    async def _pump(self, session: Session) -> None:
        await self._hello(session)
        while self._session is session and session.alive():
            self._wake.clear()
            item = self._next()
            if item is None:
                await self._wake.wait()
                continue
            await self._send(session, item)

    def _next(self) -> _Item | None:
        """What to send now, the oldest there is; None when there is nothing, or the hub is behind."""
        first = self._unconfirmed[0] if self._unconfirmed else None
        if first is not None:
            late_s = time.monotonic() - first - _LATE_S
            if len(self._unconfirmed) >= _WINDOW or late_s > min(self._least_s, 2.0):
                return None
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    async def _send(self, session: Session, item: _Item) -> None:
        handed = False
        try:
            head = b2a_base64(item.head, newline=False).decode()
            await session.client.publish(
                live_subject(self.stream),
                item.payload,  # type: ignore[arg-type]  # any buffer does
                headers={HEAD: head},
            )
            handed = True
        finally:
            _settle(item, handed)
        # The library swallows some cancellations: this may be the end of a send over a connection before this one.
        if self._session is session:
            self._unconfirmed.append(time.monotonic())
            self._run(session, self._confirm(session))

    async def _confirm(self, session: Session) -> None:
        """The answer to a ping behind a message says that the hub has read both."""
        try:
            await session.client.flush(_ANSWER_S)
        finally:
            if self._session is session and self._unconfirmed:
                took_s = time.monotonic() - self._unconfirmed.popleft()
                self._least_s = min(self._least_s, took_s)
                self._wake.set()

    async def _hello(self, session: Session) -> None:
        """Asks who watches: an empty message, to which viewers answer at once."""
        await session.client.publish(live_subject(self.stream))

    async def _tend(self, session: Session) -> None:
        """Forgets viewers that have been silent."""
        while session.alive():
            await asyncio.sleep(_TICK_S)
            since = time.monotonic() - _SILENCE_S
            for who in [who for who, heard in self._viewers.items() if heard < since]:
                self._forget(who)

    def _asked(self, said: bytes) -> None:
        kind, who = said[:1], bytes(said[1:])
        if kind not in (JOIN, WATCH, GONE):
            if 0 < len(said) <= _MOST_REQUEST:
                self._tell("request", bytes(said))
            return
        if len(who) != ID_BYTES:
            return
        if kind == GONE:
            self._forget(who)
            return
        known = who in self._viewers
        if known or len(self._viewers) < _MOST_VIEWERS:
            self._viewers[who] = time.monotonic()
            if kind == JOIN or not known:
                self._tell("subscribed", PIXELS)

    def _forget(self, who: bytes) -> None:
        if self._viewers.pop(who, None) is not None:
            self._tell("unsubscribed", PIXELS)

    def _part(self) -> None:
        with self._lock:
            self._ended = True
            left = list(self._waiting)
            self._waiting.clear()
        for item in left:
            _drop(item)


def _drop(item: _Item) -> None:
    _settle(item, False)


def _settle(item: _Item, sent: bool) -> None:
    for callback in (item.sent, item.done):
        if callback is not None:
            with contextlib.suppress(ClosedError):
                callback(sent)
