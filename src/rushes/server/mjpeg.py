"""MJPEG for whatever knows nothing better: a page without scripts, curl, home automation, OpenCV.

Nobody says here what was drawn, so a slow reader is behind by what the buffers of both kernels hold. Ours is kept
short and the rate low; for a grid of live pictures there is the socket.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.server.live_protocols import Pipe
from rushes.server.live_viewer import Viewer
from rushes.server.live_words import HEADER_BYTES, Ack

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from rushes.server.live_hub import LiveHub, Place
    from rushes.server.live_words import Picture
    from rushes.server.rendition import Moment
    from rushes.server.rendition_key import RenditionKey
    from rushes.server.state import ServerState

__all__ = [
    "BOUNDARY",
    "BUFFER_BYTES",
    "FPS",
    "HEADERS",
    "MOST_FPS",
    "WRITE_S",
    "MjpegResponse",
    "capped",
    "framed",
]

FPS, MOST_FPS = 10, 15
"""Pictures a second when nothing is asked for, and at most."""
BUFFER_BYTES = 1 << 17
WRITE_S = 10.0
"""How long one picture may take to leave before the connection is ended."""
_QUIET_S = 30.0
_CLOSE_S = 0.5
BOUNDARY = b"rushes-picture"
HEADERS = (
    (b"content-type", b"multipart/x-mixed-replace; boundary=" + BOUNDARY),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
)
_HEAD = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\nX-Frame-Number: %d\r\nX-Captured-Ns: %d\r\n\r\n"


def capped(key: RenditionKey) -> RenditionKey:
    """The rendition that is sent to one who asks for ``key``."""
    return replace(key, codec="jpeg", fps=min(key.fps or FPS, MOST_FPS))


class MjpegResponse:
    """One picture after another, the newest there is each time, until the reader leaves, takes no byte for ten
    seconds, the channel gives nothing for half a minute, or the station stops.
    """

    def __init__(self, server: ServerState, hub: LiveHub, key: RenditionKey) -> None:
        self._server, self._hub = server, hub
        self._viewer = Viewer(hub.edge(key.channel), credit=1)
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._place: Place = hub.join(capped(key), self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer to the request of this scope."""
        if scope["method"] == "HEAD":
            self._hub.leave(self._place, self)
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        pipe = Pipe.of(scope)
        pipe.keep_short(BUFFER_BYTES)
        forget = self._server.stopping.on_stop(lambda: self._stopping(pipe))
        try:
            gone = asyncio.create_task(self._gone(receive))
            sent = asyncio.create_task(self._send_all(send))
            await asyncio.wait((gone, sent), return_when=asyncio.FIRST_COMPLETED)
            in_time = sent.done() and not sent.exception()
            for task in (gone, sent):
                task.cancel()
            await asyncio.gather(gone, sent, return_exceptions=True)
            if not in_time:
                pipe.abort()
        finally:
            forget()
            self._hub.leave(self._place, self)
            self._viewer.leave()

    def show(self, moment: Moment) -> bool:
        """What is new; see :class:`rushes.server.live_hub.Looker`."""
        if moment.picture is not None:
            self._viewer.offer(moment.picture)
            self._wake.set()
        return False

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"--" + BOUNDARY + b"\r\n", "more_body": True})
        while not self._server.stopping.stopped:
            try:
                async with asyncio.timeout(_QUIET_S):
                    await self._wake.wait()
            except TimeoutError:
                break
            self._wake.clear()
            picture = self._viewer.take()
            if picture is None:
                continue
            async with asyncio.timeout(WRITE_S):
                await send({"type": "http.response.body", "body": part(picture), "more_body": True})
                # Returns when the kernel has all of it: there is no acknowledgement but this.
                await send({"type": "http.response.body", "body": b"", "more_body": True})
            self._viewer.ack(Ack(picture.number % (1 << 32), 0))
            self._wake.set()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _stopping(self, pipe: Pipe) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
            self._loop.call_soon_threadsafe(self._loop.call_later, _CLOSE_S, pipe.abort)
        except RuntimeError:
            return  # the loop has ended already


def part(picture: Picture) -> bytes:
    """A picture as it is sent."""
    return framed(memoryview(picture.message)[HEADER_BYTES:], picture.number, picture.captured_ns)


def framed(payload: memoryview, number: int, captured_ns: int) -> bytes:
    """A JPEG as it is sent. The boundary stands behind it: a browser shows a picture when it comes to that."""
    head = _HEAD % (len(payload), number, captured_ns)
    return b"".join((head, payload, b"\r\n--" + BOUNDARY + b"\r\n"))
