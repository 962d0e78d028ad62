"""What a page is told without asking: the whole state twice a second, made once for all who listen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect, WebSocketState

from rushes.errors import ClosedError, RushesError
from rushes.server.problems import problem_of
from rushes.server.views import whole

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from rushes.server.state import ServerState

__all__ = ["state_route"]

_EVERY_S = 0.5
_FRESH_NS = 400_000_000
_PATIENCE_S = 10.0
_MOST = 64


def state_route(state: ServerState) -> WebSocketRoute:
    """The route /ws/state."""
    told = _Told(state)

    async def serve(socket: WebSocket) -> None:
        if state.sockets >= _MOST or state.stopping.stopped:
            await socket.close(1013, "too many pages are open")
            return
        await socket.accept()
        state.sockets += 1
        try:
            await _tell(socket, state, told)
        finally:
            state.sockets -= 1

    return WebSocketRoute("/ws/state", serve)


async def _tell(socket: WebSocket, state: ServerState, told: _Told) -> None:
    """Until the page goes, the station ends, or the page has taken nothing for ten seconds."""
    heard = asyncio.create_task(_until_gone(socket))
    ended = asyncio.create_task(state.stopping.wait_async())
    try:
        while True:
            async with asyncio.timeout(_PATIENCE_S):
                await socket.send_text(await told.text())
            await asyncio.wait({heard, ended}, timeout=_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if heard.done():
                return
            if ended.done():
                await socket.close(1001, "the station ends")
                return
    except (WebSocketDisconnect, RuntimeError, TimeoutError, ClosedError):
        return  # it went in the middle of a message, or takes none; nobody is left to be told
    finally:
        for task in (heard, ended):
            task.cancel()
        # Not gather: it would hide a cancel of this task itself behind one of its own.
        await asyncio.wait({heard, ended})
        if not heard.cancelled():
            heard.exception()  # a peer that broke off: known, and of no interest


async def _until_gone(socket: WebSocket) -> None:
    """Pages have nothing to say here; what comes is read, so that their going is seen."""
    while socket.client_state is WebSocketState.CONNECTED:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


class _Told:
    """The newest message, made when somebody wants it and it is older than 0.4 s."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._text = ""
        self._made_ns = 0
        self._making = asyncio.Lock()

    async def text(self) -> str:
        async with self._making:
            now_ns = self._state.clock.monotonic_ns()
            if not self._text or now_ns - self._made_ns > _FRESH_NS:
                self._text = await self._state.call(self._make)
                self._made_ns = now_ns
            return self._text

    def _make(self) -> str:
        try:
            return msgspec.json.encode(whole(self._state)).decode()
        except RushesError as error:  # no station yet, or no more: the page says so, and goes on listening
            return msgspec.json.encode(problem_of(error)[1]).decode()
