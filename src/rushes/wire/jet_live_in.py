"""The receiving end of a stream that a hub relays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from binascii import Error as NotBase64
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.wire.jet_live import GONE, HEAD, ID_BYTES, JOIN, WATCH, LiveLink, ask_subject, live_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from nats.aio.msg import Msg

    from rushes.wire.hub_roles import Credentials
    from rushes.wire.jet_session import Session

__all__ = ["LiveSubscriber"]

_log = logging.getLogger("rushes.wire")
_ANNOUNCE_S = 1.0
_PART_S = 0.5


class LiveSubscriber(LiveLink):
    """As :class:`rushes.wire.zmq_sub.Subscriber`: takes every message as it comes, so that none grows old here.

    What waits at the hub for this end alone, as it does behind a line that is too narrow, only :meth:`renew` gets
    rid of. ``on_message(parts)`` is called on the link's thread and must be quick.
    """

    def __init__(
        self,
        urls: Sequence[str],
        stream: str,
        *,
        credentials: Credentials | None,
        name: str,
        on_message: Callable[[list[memoryview]], object],
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._on_message = on_message
        self._id = secrets.token_bytes(ID_BYTES)
        super().__init__(urls, stream, credentials=credentials, name=name, on_event=on_event)

    @property
    def peers(self) -> int:
        """1 when the hub is there, which is all that can be known from here."""
        return int(self.up)

    def send_up(self, request: bytes) -> None:
        """Says a short word to the streamer, from any thread; ``b"k"``: a key frame. Forgotten without a hub."""
        self._check_open()
        if not request or request[:1] in (JOIN, WATCH, GONE):
            raise ConfigError("a request cannot be empty, or one of the link's own", option="request")
        self._thread.call(self._say, request)

    def renew(self) -> None:
        """Hangs up and calls again, from any thread: what the hub kept for us goes, and the newest comes."""
        self._thread.call(self._hang_up)

    def pause(self, paused: bool) -> None:
        """Nothing waits for a reader here: the hub would keep, and then part from, who leaves messages unread."""

    def change(self, topic: bytes, *, wanted: bool) -> None:
        """Pictures are all there is."""

    async def _begin(self, session: Session) -> None:
        async def come(message: Msg) -> None:
            if not session.lost.done():
                self._came(message)

        await session.client.subscribe(live_subject(self.stream), cb=come)

    def _works(self, session: Session) -> list[Coroutine[Any, Any, None]]:
        return [self._announce(session)]

    async def _announce(self, session: Session) -> None:
        word = JOIN
        while session.alive():
            await session.client.publish(ask_subject(self.stream), word + self._id)
            word = WATCH
            await asyncio.sleep(_ANNOUNCE_S)

    def _came(self, message: Msg) -> None:
        head = (message.headers or {}).get(HEAD)
        if head is None and not message.data:
            self._say(JOIN + self._id)  # a streamer that has just come asks who watches
            return
        try:
            first = a2b_base64(head or "")
        except (NotBase64, ValueError):
            first = b""  # as whoever reads it finds: no header
        try:
            self._on_message([memoryview(first), memoryview(message.data)])
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the link goes on
            _log.exception("a callback of %s failed", self.name)

    def _say(self, word: bytes) -> None:
        session = self._session
        if session is not None and session.alive():
            session.background(session.client.publish(ask_subject(self.stream), word))

    def _hang_up(self) -> None:
        if self._session is not None:
            self._session.end()

    def _part(self) -> None:
        if not self._thread.here and self.up:
            with contextlib.suppress(Exception):  # whatever it is, the streamer finds out by the silence
                self._thread.run(asyncio.wait_for(self._farewell(), _PART_S))

    async def _farewell(self) -> None:
        session = self._session
        if session is not None and session.alive():
            await session.client.publish(ask_subject(self.stream), GONE + self._id)
            await session.client.flush(1)
