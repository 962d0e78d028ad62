"""Between a viewer's socket here and a channel of another station: what one says, the other hears, unchanged.

What is under way is limited by the viewer's own acknowledgements, which go all the way to where the pictures are made:
nothing gathers here, and nothing is coded again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from starlette.websockets import WebSocketDisconnect

from rushes.errors import PeerGone, RushesError
from rushes.metrics import Edge
from rushes.server.live_protocols import Pipe
from rushes.server.live_socket import WRITE_S
from rushes.server.live_words import ACK_BYTES, HEADER_BYTES, INIT, WORD_BYTES
from rushes.server.problems import answer_for, problem_of

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from rushes.server.fleet import View
    from rushes.server.state import ServerState

__all__ = ["EDGE", "relay"]

EDGE = "other stations -> viewers"
_LEFT = "left"
_MOST = 64
_CLOSE_S = 0.5
_GOING_AWAY, _REFUSED, _TRY_LATER = 1001, 1008, 1013


def edge_of(state: ServerState) -> Edge:
    """The ledger of all pictures that came from other stations for viewers here: taken by their sockets or not."""
    edge = state.edges.get(EDGE)
    if edge is None:
        edge = Edge(EDGE)
        state.edges.add(edge, source="other stations", target="viewers", allowed=(_LEFT,))
    return edge


async def relay(state: ServerState, socket: WebSocket, owner: tuple[str, str]) -> None:
    """Serves the viewer at ``socket`` until it leaves, the other station does, the hub does, or this one stops."""
    station, channel = owner
    name = socket.path_params["channel"]
    try:
        view = await state.fleet.look(station, channel, socket.query_params)
    except RushesError as error:
        await socket.send_denial_response(answer_for(*problem_of(error)))
        return
    try:
        await socket.accept()
        await _Relay(state, socket, view, name).run()
    finally:
        await view.close()


class _Relay:
    def __init__(self, state: ServerState, socket: WebSocket, view: View, name: str) -> None:
        self._state, self._socket, self._view, self._name = state, socket, view, name
        self._pipe = Pipe.of(socket.scope)
        self._edge = edge_of(state)
        self._end: tuple[int, str] | None = None

    async def run(self) -> None:
        ended = asyncio.create_task(self._state.stopping.wait_async())
        down, up = asyncio.create_task(self._down()), asyncio.create_task(self._up())
        works = {ended, down, up}
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                self._end = (_GOING_AWAY, "the station stops")
        finally:
            for each in works:
                each.cancel()
            await asyncio.wait(works)
        for each in (down, up):
            if not each.cancelled() and (error := each.exception()) is not None:
                raise error
        if self._end is not None:
            await self._close(*self._end)

    async def _down(self) -> None:
        try:
            while True:
                message = await self._view.receive()
                try:
                    async with asyncio.timeout(WRITE_S):
                        await self._send(message)
                except TimeoutError:
                    self._pipe.abort()  # it reads nothing: a close would wait for that as well
                    return
        except PeerGone as error:
            self._end = (getattr(self._view, "code", _TRY_LATER), str(error)[:100])
        except (WebSocketDisconnect, RuntimeError):
            return  # the viewer left in this moment

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._socket.send_text(self._named(message))
            return
        picture = len(message) >= HEADER_BYTES and not message[1] & INIT
        if not picture:
            await self._socket.send_bytes(message)
            return
        self._edge.offer()
        sent = False
        try:
            await self._socket.send_bytes(message)
            sent = True
        finally:
            if sent:
                self._edge.deliver()
            else:
                self._edge.drop(_LEFT)

    def _named(self, text: str) -> str:
        """A hello names the channel as this viewer knows it."""
        if not text.startswith('{"type":"hello"'):
            return text
        try:
            hello = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
        return msgspec.json.encode({**hello, "channel": self._name}).decode()

    async def _up(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                data, text = message.get("bytes"), message.get("text")
                if len(data or b"") > ACK_BYTES or len(text or "") > WORD_BYTES:
                    self._end = (_REFUSED, "a message that no viewer has to say")
                    return
                await self._view.say(text or "" if data is None else data)
        except PeerGone as error:
            self._end = (_TRY_LATER, str(error)[:100])

    async def _close(self, code: int, why: str) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._socket.close(code, why)
        except TimeoutError:
            self._pipe.abort()
        except (WebSocketDisconnect, RuntimeError):
            return
