"""What web processes of stations say to one another by way of a hub that stores nothing.

Asyncio on the caller's own loop, on which answers are made as well; there is little to send, and large things go in
parts. Nothing is kept for a hub that is away: who says something then learns it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from rushes.errors import AccessDenied, ConfigError, DeadlineExceeded, PeerGone
from rushes.wire.hub_roles import credentials
from rushes.wire.jet_errors import require
from rushes.wire.jet_servers import servers
from rushes.wire.jet_session import Dialer

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from rushes.wire.jet_servers import Servers
    from rushes.wire.jet_session import Session

__all__ = ["FleetLink", "Heard", "Talk", "check_hub"]

_log = logging.getLogger("rushes.wire")
_ROLE = "station"
_PENDING_MESSAGES, _PENDING_BYTES = 256, 32 << 20
_INSIST_S = 0.5
_WORD_BYTES = 4096
"""Of each message, what its subjects take."""


class Heard(NamedTuple):
    """One message: where it was said, what, and where an answer is waited for (empty: nowhere)."""

    subject: str
    data: bytes
    reply: str = ""


def check_hub(url: str, keys: str | None) -> str:
    """The hub's address without secrets. ConfigError for what is none or for keys that cannot be used, MissingExtra
    without the extra ``hub``.
    """
    require()
    return _servers(url, keys).shown


def _servers(url: str, keys: str | None) -> Servers:
    found = servers([url], credentials(keys, _ROLE), None)
    # By default the library gathers 2 MiB before it waits for the socket; here each message is waited for.
    return dataclasses.replace(found, more={**found.more, "pending_size": 1})


class FleetLink:
    """A connection to the hub at ``url``, made again for as long as :meth:`run` runs.

    ``on_event(what, detail)``: ("up", the server's address), ("down", None), ("denied", AccessDenied).
    """

    def __init__(
        self, url: str, keys: str | None, *, name: str, on_event: Callable[[str, Any], None]
    ) -> None:
        require()
        found = _servers(url, keys)
        self.endpoint = found.shown
        self._dialer = Dialer(name, found, on_event)
        self._dialer.users.append(self)
        self._ears: dict[str, Callable[[Heard], object]] = {}

    def listen(self, subject: str, take: Callable[[Heard], object]) -> None:
        """Has ``take`` called with all that is said there, over every connection; before :meth:`run`. It must be
        quick.
        """
        self._ears[subject] = take

    @property
    def up(self) -> bool:
        """Whether it is connected now."""
        return self._dialer.session is not None and self._dialer.session.alive()

    @property
    def room(self) -> int:
        """The most bytes that one message may have; 0 without a hub."""
        session = self._dialer.session
        return 0 if session is None else max(0, session.client.max_payload - _WORD_BYTES)

    async def run(self) -> None:
        """Connects and listens until cancelled."""
        running = asyncio.create_task(self._dialer.run(), name="fleet link")
        try:
            await asyncio.wait({running})
        finally:
            # Once is not enough: the client library takes some cancellations for its own.
            while not running.done():
                running.cancel()
                await asyncio.wait({running}, timeout=_INSIST_S)
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error

    async def say(self, subject: str, data: bytes) -> None:
        """Says it to whoever listens there. PeerGone without a hub, ConfigError for what is larger than it takes."""
        await _say(self._session(), subject, data)

    async def ask(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        """The first answer. PeerGone without a hub and when nobody listens there, DeadlineExceeded after
        ``timeout_s``, AccessDenied where this may not be asked.
        """
        from nats.errors import Error, NoRespondersError

        session = self._session()
        try:
            asked = session.client.request(subject, data, timeout=timeout_s)
            return (await session.ask(asked, subject)).data
        except NoRespondersError as error:
            raise PeerGone("it is not there any more", endpoint=session.url) from error
        except TimeoutError as error:
            raise DeadlineExceeded(f"no answer within {timeout_s:g} s", timeout_s=timeout_s) from error
        except (Error, OSError) as error:
            if isinstance(error, (PeerGone, AccessDenied)):
                raise
            raise PeerGone(f"{session.url} was lost: {error}", endpoint=session.url) from error

    async def talk(self, subject: str, take: Callable[[Heard], object]) -> Talk:
        """Listens there over the connection there is now, for as long as it lasts. PeerGone without a hub."""
        session = self._session()
        subscription = await _subscribe(session, subject, take)
        return Talk(session, subscription)

    async def attach(self, session: Session) -> None:
        """Begins over a new connection; for the dialer."""
        for subject, take in self._ears.items():
            await _subscribe(session, subject, take)
        # The server's complaints come before its answer, so that what one may not use is known from the start.
        await session.client.flush()

    def detach(self) -> None:
        """The connection is gone; for the dialer."""

    def _session(self) -> Session:
        session = self._dialer.session
        if session is None or not session.alive():
            raise self._dialer.denied or PeerGone(f"the hub {self.endpoint} is away", endpoint=self.endpoint)
        return session


class Talk:
    """Something said and heard over one connection, and ended with it."""

    def __init__(self, session: Session, subscription: Subscription) -> None:
        self._session, self._subscription = session, subscription

    @property
    def room(self) -> int:
        """As :attr:`FleetLink.room`."""
        return max(0, self._session.client.max_payload - _WORD_BYTES)

    async def say(self, subject: str, data: bytes) -> None:
        """As :meth:`FleetLink.say`, waiting for a line that is slow. PeerGone once this connection is lost."""
        await _say(self._session, subject, data)

    async def close(self) -> None:
        """Listens no more."""
        if self._session.alive():
            with contextlib.suppress(Exception):  # it goes with the connection as well
                await self._subscription.unsubscribe()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _subscribe(session: Session, subject: str, take: Callable[[Heard], object]) -> Subscription:
    async def come(message: Msg) -> None:
        try:
            take(Heard(message.subject, message.data, message.reply))
        except Exception:  # noqa: BLE001  whatever is wrong with one message, the next may do
            _log.exception("a message on %s could not be taken", subject)

    return await session.client.subscribe(
        subject, cb=come, pending_msgs_limit=_PENDING_MESSAGES, pending_bytes_limit=_PENDING_BYTES
    )


async def _say(session: Session, subject: str, data: bytes) -> None:
    from nats.errors import Error, MaxPayloadError

    if not session.alive():
        raise PeerGone(f"{session.url} was lost", endpoint=session.url)
    try:
        await session.ask(session.client.publish(subject, data), subject)
    except MaxPayloadError as error:
        raise ConfigError(
            f"a message of {len(data)} bytes is over the hub's {session.client.max_payload}", option="payload"
        ) from error
    except (Error, OSError) as error:
        if isinstance(error, PeerGone):
            raise
        raise PeerGone(f"{session.url} was lost: {error}", endpoint=session.url) from error
