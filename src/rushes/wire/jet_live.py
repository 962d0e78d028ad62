"""Frames by way of a hub that stores nothing: what both ends of such a link have in common.

A streamer says each frame once, and the hub passes it on to whoever listens at that moment. The hub says nothing of
who listens, so viewers tell the streamer themselves, once a second; while none does, nothing is sent.
"""

from __future__ import annotations

import asyncio
import atexit
import dataclasses
import logging
import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from rushes.errors import AccessDenied, WireError
from rushes.lifecycle import ProcessBound
from rushes.wire.jet_errors import require
from rushes.wire.jet_names import check_stream
from rushes.wire.jet_servers import servers
from rushes.wire.jet_session import Dialer
from rushes.wire.jet_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from rushes.wire.hub_roles import Credentials
    from rushes.wire.jet_session import Session

__all__ = ["GONE", "HEAD", "ID_BYTES", "JOIN", "WATCH", "LiveLink", "ask_subject", "live_subject"]

HEAD = "Rushes-Head"
"""The field in which a frame's header travels, beside the payload, which is then copied once less."""
JOIN, WATCH, GONE = b"j", b"w", b"g"
"""What viewers say upstream, each before its id: here I am, I still watch, I go. Anything else is a request."""
ID_BYTES = 8

_log = logging.getLogger("rushes.wire")
# A server that has a hard time may refuse who was welcome before, and knows them again later: two tries more.
_DOUBT_S = 12.0


def live_subject(stream: str) -> str:
    """Where a stream's frames are said."""
    return f"rushes.{check_stream(stream)}.live"


def ask_subject(stream: str) -> str:
    """Where its viewers are heard."""
    return f"rushes.{check_stream(stream)}.ask"


class LiveLink(ProcessBound):
    """A connection to the hub at any of ``urls``, made in the background and made again for as long as it is open.

    ``on_event(what, detail)`` is called on the link's thread and must be quick: ("up" | "down", None),
    ("denied", AccessDenied) when not let in or not allowed to use the stream, ("failed", error) when the link itself
    broke and is of no more use. MissingExtra without the extra ``hub``.
    """

    def __init__(
        self,
        urls: Sequence[str],
        stream: str,
        *,
        credentials: Credentials | None,
        name: str,
        on_event: Callable[[str, Any], object],
    ) -> None:
        super().__init__()
        require()
        check_stream(stream)
        found = servers(urls, credentials, None)
        # By default the library gathers 2 MiB before it waits for the socket; here each message is waited for, so
        # that what is old is dropped on this side of the line.
        found = dataclasses.replace(found, more={**found.more, "pending_size": 1})
        self.name, self.stream, self.endpoint = name, stream, found.shown
        self.denied: AccessDenied | None = None
        self._on_event = on_event
        self._session: Session | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = threading.Event()
        self._was_up = False
        self._thread = LoopThread(f"rushes-live {name}", self._main, self._failed)
        self._dialer = Dialer(name, found, self._heard)
        self._dialer.users.append(self)
        atexit.register(self.close)
        self._thread.start()

    @property
    def up(self) -> bool:
        """Whether it is connected now."""
        return self._session is not None

    def wait(self, timeout_s: float) -> bool:
        """Whether it was connected within that time; AccessDenied when not let in. It goes on trying either way."""
        self._known.wait(timeout_s)
        if self.denied is not None:
            raise self.denied
        return self.up

    async def attach(self, session: Session) -> None:
        """Begins over a new connection."""
        self.denied = None
        await self._begin(session)
        # The server's complaints come before its answer, so that a stream one may not use is known from the start.
        await session.client.flush()
        self._session, self._was_up = session, True
        for work in self._works(session):
            self._run(session, work)
        self._known.set()

    def detach(self) -> None:
        """The connection is gone."""
        self._session = None
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _run(self, session: Session, work: Coroutine[Any, Any, None]) -> None:
        """Runs ``work`` for as long as the connection is there, at most; its failure is the connection's end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None and session.alive():
                _log.warning("%s: %r", self.name, error)
                session.end()

        task.add_done_callback(over)

    @abstractmethod
    async def _begin(self, session: Session) -> None:
        """Subscribes."""

    @abstractmethod
    def _works(self, session: Session) -> list[Coroutine[Any, Any, None]]:
        """What runs for as long as the connection is there."""

    async def _main(self) -> None:
        await self._dialer.run()

    def _heard(self, what: str, detail: Any) -> None:
        if what == "denied" and detail is self._dialer.denied and self._was_up:
            asyncio.get_running_loop().call_later(_DOUBT_S, self._doubt)
        elif what == "denied":
            self._deny(detail)
        else:
            self._tell(what, None)

    def _doubt(self) -> None:
        if self._dialer.denied is not None:
            self._deny(self._dialer.denied)

    def _deny(self, error: AccessDenied) -> None:
        if self.denied is not None:
            return  # the first complaint is the cause; more of them follow from it
        self.denied = error
        self._known.set()
        self._tell("denied", error)

    def _tell(self, what: str, detail: Any) -> None:
        try:
            self._on_event(what, detail)
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the link goes on
            _log.exception("a callback of %s failed", self.name)

    def _failed(self, error: Exception) -> None:
        self._known.set()
        self._tell("failed", WireError(f"the link to {self.endpoint} broke: {error}", endpoint=self.endpoint))

    def _close(self) -> None:
        atexit.unregister(self.close)
        self._part()
        self._thread.stop()

    def _part(self) -> None:
        """The last words."""
