"""A view of another station's channel, by way of the hub."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from rushes.errors import BadMessage, DeadlineExceeded, PeerGone
from rushes.server.fleet_views import ALIVE_S, SILENT_S
from rushes.server.fleet_words import FROM, TO, Look, look_subject, read_end, read_looked, written
from rushes.server.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.wire.jet_fleet import FleetLink, Heard, Talk

__all__ = ["Looking", "look"]

_ANSWER_S = 3.0
# Two pictures and some words are under way at most; what sends more is none of ours.
_MOST_WAITING = 64
_WAYS = ("w", "fps", "q", "codec")


async def look(link: FleetLink, id: str, station: str, channel: str, query: Mapping[str, str]) -> Looking:
    """A view of ``station``, which is asked at ``id``. PeerGone, DeadlineExceeded; Refused with what it says."""
    view = secrets.token_hex(16)
    made = Looking(view, station)
    wanted = {name: query[name][:32] for name in _WAYS if name in query}
    talk = await link.talk(f"{FROM}.{view}.*", made.hear)
    try:
        asked = written(Look(view=view, channel=channel, query=wanted))
        looked = read_looked(await link.ask(look_subject(id), asked, _ANSWER_S))
        if looked.status != 200:
            raise Refused(looked.error, status=looked.status, remedy=looked.remedy, kind=looked.kind)
    except (PeerGone, BadMessage) as error:
        await talk.close()
        raise PeerGone(f"station {station} cannot be asked: {error}") from error
    except DeadlineExceeded as error:
        await talk.close()
        raise DeadlineExceeded(f"station {station} did not answer", timeout_s=_ANSWER_S) from error
    except BaseException:
        await talk.close()
        raise
    made.begin(talk)
    return made


class Looking:
    """See :class:`rushes.server.fleet.View`."""

    def __init__(self, view: str, station: str) -> None:
        self._station, self._subject = station, f"{TO}.{view}"
        self._heard: asyncio.Queue[str | bytes | None] = asyncio.Queue(_MOST_WAITING)
        self._why = ""
        self.code = 1013
        """With which a socket that showed it is to be closed."""
        self._talk: Talk | None = None
        self._alive: asyncio.Task[None] | None = None

    def begin(self, talk: Talk) -> None:
        """Over this connection."""
        self._talk = talk
        self._alive = asyncio.create_task(self._stay_alive())

    def hear(self, heard: Heard) -> None:
        """What the station says."""
        kind = heard.subject.rpartition(".")[2]
        if kind == "end":
            try:
                end = read_end(heard.data)
            except BadMessage:
                self._end("it ended")
            else:
                self._end(end.why, end.code)
        elif self._heard.full():
            self._end("it sends more than was asked for")
        elif kind == "bytes":
            self._heard.put_nowait(heard.data)
        elif kind == "text":
            self._heard.put_nowait(heard.data.decode("utf-8", "replace"))
        else:
            self._heard.put_nowait(b"")

    async def receive(self) -> str | bytes:
        """As the protocol says."""
        while not (self._why and self._heard.empty()):
            try:
                async with asyncio.timeout(SILENT_S):
                    message = await self._heard.get()
            except TimeoutError:
                self._end("it has fallen silent")
                break
            if message is None:
                break
            if message:
                return message
        raise PeerGone(f"{self._station}: {self._why}")

    async def say(self, message: str | bytes) -> None:
        """As the protocol says."""
        if isinstance(message, str):
            await self._say("text", message.encode())
        else:
            await self._say("bytes", message)

    async def close(self) -> None:
        """As the protocol says."""
        alive, self._alive = self._alive, None
        if alive is None or self._talk is None:
            return
        alive.cancel()
        await asyncio.wait({alive})
        try:
            await self._say("end", b"")
        except PeerGone:
            return  # it finds out by the silence
        finally:
            await self._talk.close()

    async def _stay_alive(self) -> None:
        try:
            while True:
                await self._say("alive", b"")
                await asyncio.sleep(ALIVE_S)
        except PeerGone as error:
            self._end(str(error))

    async def _say(self, kind: str, data: bytes) -> None:
        if self._talk is None:
            raise PeerGone(f"{self._station}: {self._why or 'not begun'}")
        await self._talk.say(f"{self._subject}.{kind}", data)

    def _end(self, why: str, code: int = 1013) -> None:
        if not self._why:
            self._why, self.code = why or "it ended", code
            if not self._heard.full():
                self._heard.put_nowait(None)
