"""Gets answers of other stations: in parts, each for the asking, so that none comes faster than it is taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rushes.errors import BadMessage, DeadlineExceeded, JobCancelled, PeerGone, QueueFull
from rushes.server.fleet import Fetched
from rushes.server.fleet_words import Drop, Get, Next, ask_subject, unpacked, written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rushes.server.fleet_words import Answer
    from rushes.wire.jet_fleet import FleetLink

__all__ = ["Fetcher"]

_ANSWER_S = 5.0
"""How long one answer may take; whoever has nothing to say yet, says so sooner."""
_LONGEST_S = 600.0
"""How long nothing may come of an answer that is being made."""
_MOST = 64


class Fetcher:
    """All of it on the event loop of ``link``."""

    def __init__(self, link: FleetLink) -> None:
        self._link = link
        self._fetching = 0
        self.fetched = self.failed = 0
        """Requests to others, and those among them that got no answer."""

    @property
    def waiting(self) -> int:
        """Requests without an answer yet."""
        return self._fetching

    async def fetch(
        self,
        id: str,
        station: str,
        path: str,
        gone: Callable[[], Awaitable[bool]] | None,
        making: Callable[[float], object] | None = None,
    ) -> Fetched:
        """As :meth:`rushes.server.fleet.Fleet.fetch`, of ``station``, which is asked at ``id``."""
        if self._fetching >= _MOST:
            raise QueueFull(f"{_MOST} requests to other stations wait already", limit=_MOST)
        self._fetching += 1
        self.fetched += 1
        try:
            return await self._begun(id, station, path, gone, making)
        except Exception:
            self.failed += 1
            raise
        finally:
            self._fetching -= 1

    async def _begun(
        self,
        id: str,
        station: str,
        path: str,
        gone: Callable[[], Awaitable[bool]] | None,
        making: Callable[[float], object] | None,
    ) -> Fetched:
        until, made = asyncio.get_running_loop().time() + _LONGEST_S, 0.0
        head, part = await self._ask(id, station, Get(path=path))
        while head.status == 0:
            if gone is not None and await gone():
                await self._drop(id, head.token)
                raise JobCancelled(f"nobody waits for the answer of {station} any more")
            if head.made > made:
                until, made = asyncio.get_running_loop().time() + _LONGEST_S, head.made
                if making is not None:
                    making(made)
            if asyncio.get_running_loop().time() > until:
                await self._drop(id, head.token)
                raise DeadlineExceeded(f"{station} did not finish within {_LONGEST_S:g} s")
            head, part = await self._ask(id, station, Next(token=head.token))
        more = self._rest(id, station, head.token) if head.token else None
        return Fetched(head.status, head.headers, part, more, head.size)

    async def _rest(self, id: str, station: str, token: str) -> AsyncIterator[bytes]:
        try:
            while token:
                head, part = await self._ask(id, station, Next(token=token))
                token = head.token
                if part:
                    yield part
        finally:
            if token:
                await self._drop(id, token)

    async def _ask(self, id: str, station: str, word: Get | Next) -> tuple[Answer, bytes]:
        try:
            return unpacked(await self._link.ask(ask_subject(id), written(word), _ANSWER_S))
        except (PeerGone, BadMessage) as error:
            raise PeerGone(f"station {station} cannot be asked: {error}") from error
        except DeadlineExceeded as error:
            raise DeadlineExceeded(
                f"station {station} did not answer within {_ANSWER_S:g} s", timeout_s=_ANSWER_S
            ) from error

    async def _drop(self, id: str, token: str) -> None:
        try:
            await self._link.say(ask_subject(id), written(Drop(token=token)))
        except PeerGone:
            return  # it finds out by itself, when nobody asks on
