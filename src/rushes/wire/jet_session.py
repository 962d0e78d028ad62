"""One connection to a server after another: each a client of its own, watched and given up when it is silent.

The library can reconnect by itself. That was rejected: it waits for ever to write out what a frozen server does not
read, keeps the sockets of attempts that stood still, replays what it had buffered next to what we send again, and
gives up for good on errors that pass. One client for each connection leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rushes.errors import AccessDenied, PeerGone, WireError
from rushes.wire.jet_errors import connect_error
from rushes.wire.jet_servers import encrypted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from nats.aio.client import Client
    from nats.js import JetStreamContext

    from rushes.wire.jet_servers import Servers

__all__ = ["Dialer", "Session", "User", "drop"]

T = TypeVar("T")
_log = logging.getLogger("rushes.wire")
_WAIT_S, _LONGEST_WAIT_S, _DENIED_WAIT_S = 0.05, 1.0, 5.0
_CONNECT_S = 2
_ANSWER_S = 5.0  # of the server's own interface
_PULSE_S, _SILENCE_S = 2.0, 8.0  # eight seconds of silence: less would part from a slow line
_CLOSE_S = 1.0
_CLUSTER = 16
_FORBIDDEN = "permissions violation"


class User(Protocol):
    """What works over each connection in turn."""

    async def attach(self, session: Session) -> None:
        """Begins to work over a new connection; returns soon."""

    def detach(self) -> None:
        """The connection is gone."""


class Session:
    """One connection. ``lost`` is done when it is of no more use."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url
        self.js: JetStreamContext = client.jetstream(timeout=_ANSWER_S)
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking: list[tuple[str, asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def alive(self) -> bool:
        """Whether it is of use."""
        return not self.lost.done() and not self.client.is_closed

    def end(self) -> None:
        """It is of no more use."""
        if not self.lost.done():
            self.lost.set_result(None)

    async def ask(self, work: Coroutine[Any, Any, T], about: str) -> T:
        """What ``work`` returns; PeerGone when the connection is lost before it, AccessDenied when the server forbids
        a subject with ``about`` in it meanwhile: to a request that is forbidden there is no answer.
        """
        task = asyncio.ensure_future(work)
        forbidden: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (about.lower(), forbidden)
        self._asking.append(entry)
        try:
            anything: set[asyncio.Future[Any]] = {task, forbidden, self.lost}
            await asyncio.wait(anything, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if forbidden.done():
                raise AccessDenied(f"{self.url} does not let this role use {about}", endpoint=self.url)
            raise PeerGone(f"{self.url} was lost", endpoint=self.url)
        finally:
            self._asking.remove(entry)
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs ``work``, whose failure is the connection's."""
        task = asyncio.create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        from nats.errors import Error

        try:
            await work
        except (Error, OSError) as error:
            if self.alive():
                _log.warning("%s: %s", self.url, error)

    def forbid(self, said: str) -> None:
        """The server said that something is not allowed."""
        for about, forbidden in self._asking:
            if about in said.lower() and not forbidden.done():
                forbidden.set_result(None)


class Dialer:
    """Connects, and again whenever the connection is lost, until cancelled. All of it runs on one event loop."""

    def __init__(self, name: str, servers: Servers, tell: Callable[[str, Any], None]) -> None:
        self._name, self._servers, self._tell = name, servers, tell
        self.users: list[User] = []
        self.session: Session | None = None
        self.denied: AccessDenied | None = None
        self._trouble: Exception | None = None
        self._cluster: list[str] = []
        self._news = asyncio.Event()

    async def up(self, timeout_s: float) -> Session:
        """The connection, waited for. PeerGone after ``timeout_s`` without one, AccessDenied when not let in."""
        until = asyncio.get_running_loop().time() + timeout_s
        while self.session is None or not self.session.alive():
            if self.denied is not None:
                raise self.denied
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                shown = self._servers.shown
                raise PeerGone(str(self._trouble or f"cannot reach {shown}: no answer yet"), endpoint=shown)
            news = self._news
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), left)
        return self.session

    async def run(self) -> None:
        """Serves the users over one connection after another."""
        wait_s = _WAIT_S
        while True:
            client = self._client()
            try:
                try:
                    session = await self._connect(client)
                except Exception as error:  # noqa: BLE001  whatever it is, it is told, and the next try may do
                    wait_s = self._failed(error, wait_s)
                else:
                    wait_s = _WAIT_S
                    await self._serve(session)
            finally:
                await drop(client)
            # Many clients lose their server at the same moment; they need not all come back at the same one.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))

    def _client(self) -> Client:
        from nats.aio.client import Client  # costs a third of a second, and only streams over a hub need it

        return Client()

    async def _connect(self, client: Client) -> Session:
        session: Session | None = None
        cause: Exception | None = None

        async def trouble(error: Exception) -> None:
            nonlocal cause
            cause = error
            if session is not None:
                self._complaint(session, error)

        async def closed() -> None:
            if session is not None:
                session.end()

        from nats.errors import NoServersError

        try:
            await client.connect(
                **self._servers.options(client, self._cluster),
                name=self._name,
                error_cb=trouble,
                closed_cb=closed,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=_CONNECT_S,
                ping_interval=3600,  # watched here, see _watch
            )
        except NoServersError as error:
            raise (cause or error) from error
        if self._servers.tls and not encrypted(client):
            raise self._servers.unencrypted()
        self._learn(client)
        url = client.connected_url
        session = Session(client, f"{url.scheme}://{url.netloc}" if url is not None else self._servers.shown)
        return session

    def _learn(self, client: Client) -> None:
        """What the server knows of its cluster: whom to turn to when the servers named are gone for good."""
        told = [f"{each.scheme}://{each.netloc}" for each in client.discovered_servers]
        self._cluster = told[:_CLUSTER] or self._cluster

    def _failed(self, error: Exception, wait_s: float) -> float:
        told = connect_error(error, self._servers.shown)
        self._trouble = told
        if isinstance(told, AccessDenied):
            if self.denied is None:
                self.denied = told
                self._tell("denied", told)
            self._wake()
            return _DENIED_WAIT_S
        self.denied = None
        self._wake()
        return min(wait_s * 2, _LONGEST_WAIT_S)

    def _complaint(self, session: Session, error: Exception) -> None:
        from nats.errors import UnexpectedEOF

        text = str(error)
        if _FORBIDDEN in text.lower():
            session.forbid(text)
            said = text.removeprefix("nats: ")
            self._tell("denied", AccessDenied(f"{session.url}: {said}", endpoint=session.url))
        elif isinstance(error, (OSError, UnexpectedEOF)):
            self._trouble = connect_error(error, self._servers.shown)
            session.end()
        else:
            _log.warning("%s: %s", self._name, text or type(error).__name__)

    async def _serve(self, session: Session) -> None:
        self.session, self.denied = session, None
        watch = asyncio.create_task(_watch(session))
        try:
            for user in list(self.users):
                await self.attach(user, session)
            self._wake()
            self._tell("up", session.url)
            await session.lost
        finally:
            self.session = None
            session.end()
            self._learn(session.client)  # nodes may have come since the connection was made
            watch.cancel()
            for user in list(self.users):
                user.detach()
            self._wake()
            self._tell("down", None)

    async def attach(self, user: User, session: Session) -> None:
        """Has ``user`` work over ``session``; a failure ends the session, for nothing else would bring it back."""
        try:
            await user.attach(session)
        except Exception as error:  # noqa: BLE001  the connection may just have gone; the next one tries again
            if session.alive():
                _log.warning("%s: %s", self._name, error, exc_info=not isinstance(error, WireError))
            session.end()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _watch(session: Session) -> None:
    """Ends a session whose server is silent. The library's own watch then waits for the server to read its rest."""
    try:
        while session.alive():
            await asyncio.sleep(_PULSE_S)
            await session.client.rtt(_SILENCE_S)  # type: ignore[arg-type]  # fractions do as well
    except Exception as error:  # noqa: BLE001  however it fails, the connection is of no more use
        _log.info("%s is silent: %r", session.url, error)
    finally:
        session.end()


async def drop(client: Client) -> None:
    """Closes a client, politely where that ends soon, and its socket for certain."""
    try:
        await asyncio.wait_for(client.close(), _CLOSE_S)
    except Exception as error:  # noqa: BLE001  it is given up, whatever is wrong with it
        _log.debug("a connection ended badly: %r", error)
    finally:
        # A close that waits for a frozen server to read has no public way out.
        transport = getattr(client, "_transport", None)
        for writer in (getattr(transport, "_io_writer", None), getattr(transport, "_bare_io_writer", None)):
            if writer is not None:
                writer.transport.abort()
    await asyncio.sleep(0)
