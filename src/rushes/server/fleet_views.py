"""Shows this station's channels to viewers at other stations: as to any viewer, over the hub instead of a socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocketDisconnect

from rushes.errors import ConfigError, PeerGone, RushesError
from rushes.server.fleet_words import FROM, TO, End, Looked, read_look, written
from rushes.server.live_socket import LiveSocket
from rushes.server.live_words import ACK_BYTES, WORD_BYTES
from rushes.server.problems import Refused, problem_of
from rushes.server.rendition_key import asked_for

if TYPE_CHECKING:
    from collections.abc import Coroutine, MutableMapping

    from rushes.server.live_hub import LiveHub
    from rushes.server.state import ServerState
    from rushes.wire.jet_fleet import FleetLink, Heard, Talk

__all__ = ["ALIVE_S", "SILENT_S", "Views"]

ALIVE_S = 1.0
SILENT_S = 4.0
"""A side of a view that has said nothing for so long is gone."""
_MOST = 64
_MOST_WAITING = 256
_TOO_LARGE, _BROKEN = 1009, 1011


class Views:
    """``take`` gets each wish to look; ``live`` has the places of all viewers, these among them."""

    def __init__(self, state: ServerState, link: FleetLink, live: LiveHub) -> None:
        self._state, self._link, self._live = state, link, live
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[str] = set()

    @property
    def count(self) -> int:
        """How many look now."""
        return len(self._open)

    def take(self, heard: Heard) -> None:
        """Somebody wants to look; must not wait."""
        if heard.reply and len(self._tasks) < 2 * _MOST:
            self._later(self._begin(heard))

    async def close(self, timeout_s: float) -> None:
        """Lets the viewers that are being sent away be told so, for at most that time."""
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in left:
                task.cancel()

    async def _begin(self, heard: Heard) -> None:
        try:
            asked = read_look(heard.data)
            if len(self._open) >= _MOST or asked.view in self._open:
                raise Refused(f"{_MOST} viewers at other stations look already", status=429, kind="QueueFull")
            key = asked_for(asked.channel, asked.query)
            self._state.channel(asked.channel)
            self._open.add(asked.view)
        except RushesError as error:
            status, problem = problem_of(error)
            told = Looked(status=status, error=problem.error, remedy=problem.remedy, kind=problem.kind)
            await self._reply(heard.reply, told)
            return
        try:
            socket = HubSocket(asked.view)
            async with await self._link.talk(f"{TO}.{asked.view}.*", socket.hear) as talk:
                socket.talk = talk
                await self._reply(heard.reply, Looked(status=200))
                await self._serve(socket, LiveSocket(self._state, self._live, socket, key))
        except PeerGone:
            return  # the hub went in this moment, and the viewer knows that as well
        finally:
            self._open.discard(asked.view)

    async def _serve(self, socket: HubSocket, live: LiveSocket) -> None:
        alive = asyncio.create_task(socket.stay_alive())
        try:
            await live.run()
        finally:
            alive.cancel()
            await asyncio.wait({alive})
            await socket.part()

    async def _reply(self, reply: str, told: Looked) -> None:
        try:
            await self._link.say(reply, written(told))
        except PeerGone:
            return

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class HubSocket:
    """A viewer's socket, as far as the live view needs one, whose other end is at another station."""

    def __init__(self, view: str) -> None:
        self.scope: MutableMapping[str, Any] = {}
        self.talk: Talk | None = None
        self._subject = f"{FROM}.{view}"
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_MOST_WAITING)
        self._ended = False

    def hear(self, heard: Heard) -> None:
        """What the viewer says."""
        kind = heard.subject.rpartition(".")[2]
        if kind == "text" and len(heard.data) <= WORD_BYTES:
            message: dict[str, Any] = {
                "type": "websocket.receive",
                "text": heard.data.decode("utf-8", "replace"),
            }
        elif kind == "bytes" and len(heard.data) <= ACK_BYTES:
            message = {"type": "websocket.receive", "bytes": heard.data}
        elif kind == "alive":
            message = {"type": "alive"}
        else:  # the end, or nothing that a viewer says
            self._end()
            return
        if self._heard.full():
            self._end()  # nobody draws so fast
        else:
            self._heard.put_nowait(message)

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message; a viewer that has fallen silent, or whose way here is lost, has left."""
        while not self._ended:
            try:
                async with asyncio.timeout(SILENT_S):
                    message = await self._heard.get()
            except TimeoutError:
                break
            if message["type"] != "alive":
                return message
        self._ended = True
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """To the viewer. WebSocketDisconnect when it is gone."""
        data = message.get("bytes")
        if data is None:
            await self._say("text", message["text"].encode())
        elif self.talk is not None and len(data) > self.talk.room:
            told = f"a picture of {len(data) >> 10} KiB is over the hub's {self.talk.room >> 10}: ask for a smaller w"
            await self.close(_TOO_LARGE, told)
            raise WebSocketDisconnect(_TOO_LARGE)
        else:
            await self._say("bytes", data)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """The last word."""
        if not self._ended:
            await self._say("end", written(End(code=code, why=reason or "")))
            self._end()

    async def part(self) -> None:
        """Whatever ended it: the viewer is told."""
        if not self._ended:
            try:
                await self.close(_BROKEN, "the view ended")
            except WebSocketDisconnect:
                return

    async def stay_alive(self) -> None:
        """Says that it is there, until that cannot be said."""
        try:
            while not self._ended:
                await self._say("alive", b"")
                await asyncio.sleep(ALIVE_S)
        except WebSocketDisconnect:
            return

    async def _say(self, kind: str, data: bytes) -> None:
        if self._ended or self.talk is None:
            raise WebSocketDisconnect(1006)
        try:
            await self.talk.say(f"{self._subject}.{kind}", data)
        except (PeerGone, ConfigError) as error:
            self._end()
            raise WebSocketDisconnect(1006) from error

    def _end(self) -> None:
        self._ended = True
        if not self._heard.full():
            self._heard.put_nowait({"type": "websocket.disconnect", "code": 1006})
