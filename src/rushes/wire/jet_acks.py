"""What is said of items to the server: in their order, and kept while there is no connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from rushes.errors import DeadlineExceeded, PeerGone

if TYPE_CHECKING:
    from rushes.wire.jet_session import Dialer, Session
    from rushes.wire.jet_thread import LoopThread

__all__ = ["Acks"]

_KEPT = 4096  # more items than may be in flight; the oldest would be delivered again
_ANSWER_S = 2.0
_RETRY_S = 0.05


class Acks:
    """Says things about items over whatever connection there is."""

    def __init__(self, thread: LoopThread, dialer: Dialer) -> None:
        self._thread, self._dialer = thread, dialer
        self._session: Session | None = None
        self._kept: deque[tuple[str, bytes]] = deque(maxlen=_KEPT)

    def say(self, reply: str, what: bytes, *, keep: bool) -> None:
        """Says ``what``, from any thread; without a connection it is kept for the next one, or dropped."""
        self._thread.call(self._say, reply, what, keep)

    def say_all(self, replies: list[str], what: bytes) -> None:
        """Says ``what`` of many, or of none without a connection."""
        if replies:
            self._thread.call(self._say_all, replies, what)

    def confirm(self, reply: str, timeout_s: float) -> None:
        """Says that an item is done, and waits for the server's word."""
        self._thread.run(self._confirm(reply, timeout_s))

    async def attach(self, session: Session) -> None:
        """Says over ``session``, first of all what was kept."""
        self._session = session
        while self._kept:
            reply, what = self._kept.popleft()
            await session.client.publish(reply, what)

    def detach(self) -> None:
        """There is no connection."""
        self._session = None

    def _say(self, reply: str, what: bytes, keep: bool) -> None:
        session = self._session
        if session is not None and session.alive():
            session.background(session.client.publish(reply, what))
        elif keep:
            self._kept.append((reply, what))

    def _say_all(self, replies: list[str], what: bytes) -> None:
        session = self._session
        if session is not None and session.alive():
            session.background(_publish(session, replies, what))

    async def _confirm(self, reply: str, timeout_s: float) -> None:
        from nats.errors import NoRespondersError

        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while (left := until - loop.time()) > 0:
            with contextlib.suppress(TimeoutError, PeerGone, NoRespondersError):
                session = await self._dialer.up(left)
                request = session.client.request(reply, b"+ACK", timeout=min(left, _ANSWER_S))
                await session.ask(request, reply)
                return
            await asyncio.sleep(_RETRY_S)
        raise DeadlineExceeded("the server did not note in time that an item is done", timeout_s=timeout_s)


async def _publish(session: Session, replies: list[str], what: bytes) -> None:
    for reply in replies:
        await session.client.publish(reply, what)
