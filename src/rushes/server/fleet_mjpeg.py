"""MJPEG of another station's channel: a view of it, whose pictures are said to be drawn once they are sent."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from rushes.errors import PeerGone
from rushes.server.fleet_relay import edge_of
from rushes.server.live_protocols import Pipe
from rushes.server.live_words import HEADER_BYTES, INIT, ack, read_head
from rushes.server.mjpeg import BOUNDARY, BUFFER_BYTES, HEADERS, WRITE_S, capped, framed
from rushes.server.rendition_key import asked_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from rushes.server.fleet import View
    from rushes.server.state import ServerState

__all__ = ["FleetMjpeg"]


class FleetMjpeg:
    """As :class:`rushes.server.mjpeg.MjpegResponse`; made by :meth:`of`."""

    def __init__(self, state: ServerState, view: View) -> None:
        self._state, self._view = state, view

    @classmethod
    async def of(cls, state: ServerState, owner: tuple[str, str], query: Mapping[str, str]) -> FleetMjpeg:
        """One of ``owner``. ConfigError for what cannot be had, else as :meth:`rushes.server.fleet.Fleet.look`."""
        key = capped(asked_for(owner[1], query))
        ways = {"w": str(key.width), "fps": str(key.fps), "q": str(key.quality)}
        return cls(state, await state.fleet.look(*owner, ways))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer to the request of this scope."""
        try:
            await self._answer(scope, receive, send)
        finally:
            await self._view.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        pipe = Pipe.of(scope)
        pipe.keep_short(BUFFER_BYTES)
        gone = asyncio.create_task(_gone(receive))
        sent = asyncio.create_task(self._send_all(send))
        ended = asyncio.create_task(self._state.stopping.wait_async())
        works = {gone, sent, ended}
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in works:
                each.cancel()
            await asyncio.wait(works)
        if sent.cancelled() or sent.exception() is not None:
            pipe.abort()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"--" + BOUNDARY + b"\r\n", "more_body": True})
        edge = edge_of(self._state)
        try:
            while True:
                message = await self._view.receive()
                if isinstance(message, str) or len(message) < HEADER_BYTES:
                    continue
                head = read_head(message)
                if head.flags & INIT:
                    continue
                part = framed(memoryview(message)[HEADER_BYTES:], head.number, head.captured_ns)
                edge.offer()
                taken = False
                try:
                    async with asyncio.timeout(WRITE_S):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        # Returns when the kernel has all of it: there is no acknowledgement but this.
                        await send({"type": "http.response.body", "body": b"", "more_body": True})
                    taken = True
                finally:
                    if taken:
                        edge.deliver()
                    else:
                        edge.drop("left")
                await self._view.say(ack(head.number, time.time_ns() // 1_000_000))
        except PeerGone:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
