"""One viewer's socket: pictures out as it draws them, words both ways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from starlette.websockets import WebSocketDisconnect

from rushes.errors import BadMessage, ConfigError, QueueFull, SourceError, UnknownName
from rushes.server import live_words
from rushes.server.live_link import LinkWatch
from rushes.server.live_protocols import Pipe
from rushes.server.live_viewer import Viewer
from rushes.server.live_words import Dropped, Pause, Ping, Pong, Resume, Set, Switch
from rushes.server.rendition_key import changed

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from rushes.server.live_hub import LiveHub, Place
    from rushes.server.live_words import About, Ack, Figures, Picture, Said, Word
    from rushes.server.rendition import Moment
    from rushes.server.rendition_key import RenditionKey
    from rushes.server.state import ServerState

__all__ = ["WRITE_S", "LiveSocket", "Socket"]

WRITE_S = 10.0
"""How long one message may take to leave before the connection is ended."""
_TICK_S = 1.0
_CLOSE_S = 0.5
_GOING_AWAY, _REFUSED, _TRY_LATER = 1001, 1008, 1013


class Socket(Protocol):
    """What is needed of a socket that was accepted; Starlette's WebSocket has it."""

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """As ASGI has it."""

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message, as ASGI has it."""

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Sends one. WebSocketDisconnect when the viewer is gone."""

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """The last word."""


class LiveSocket:
    """From the opened socket to its end: ``await run()``."""

    def __init__(self, server: ServerState, hub: LiveHub, socket: Socket, key: RenditionKey) -> None:
        self._server, self._hub, self._socket = server, hub, socket
        self._key = key
        self._pipe = Pipe.of(socket.scope)
        self._viewer = Viewer(hub.edge(key.channel), builds=key.codec != "jpeg")
        self._link = LinkWatch()
        self._place: Place | None = None
        self._wake = asyncio.Event()
        # One of each kind: a viewer that does not read is told the newest when it does.
        self._words: dict[type[Said], Said] = {}
        self._figures = True
        self._marks: Figures | None = None
        self._about: About | None = None
        self._told_drops = 0
        self._way_s = self._pipe.way_s()
        self._sending_since: float | None = None
        self._end: tuple[int, str] | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Serves the viewer until it leaves, stops reading, or the station stops."""
        forget = self._server.stopping.on_stop(self._stopping)
        writer = asyncio.create_task(self._write())
        self._ticker = self._loop.call_later(_TICK_S, self._tick)
        try:
            self._look()
            await self._read()
        except WebSocketDisconnect:
            pass
        finally:
            forget()
            self._ticker.cancel()
            self._look_away()
            self._viewer.leave()
            if self._sending_since is not None:
                self._pipe.abort()  # a close would wait for what nobody reads
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def show(self, moment: Moment) -> bool:
        """What is new; see :class:`rushes.server.live_hub.Looker`."""
        if moment.state is not None:
            self._words[type(moment.state)] = moment.state
        if moment.figures is not None:
            self._marks = moment.figures
        needs_key = False
        if moment.picture is not None:
            if self._viewer.blocked:
                self._link.missed(self._pipe.unsent() > 0)
            needs_key = self._viewer.offer(moment.picture)
        self._wake.set()
        return needs_key

    # -- from the viewer

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            try:
                if data is not None:
                    self._drawn(live_words.read_ack(data))
                else:
                    self._hear(live_words.read_word(message.get("text") or ""))
            except (BadMessage, ConfigError) as error:
                self._finish(_REFUSED, str(error))

    def _drawn(self, ack: Ack) -> None:
        age_s = self._viewer.ack(ack, self._loop.time(), self._way_s)
        if age_s is not None:
            self._server.glass.mark(self._key.channel, age_s)
        self._wake.set()

    def _hear(self, word: Word) -> None:
        if isinstance(word, Ping):
            self._say(Pong(t=word.t, server=self._server.clock.wall_ns() / 1e6))
        elif isinstance(word, Pause):
            self._look_away()
            self._viewer.pause()
        elif isinstance(word, Resume):
            self._viewer.resume()
            self._look()
        else:
            self._set(word)

    def _set(self, wish: Set) -> None:
        if wish.figures is not None:
            self._figures = wish.figures
        key = changed(self._key, wish)
        if key == self._key:
            return
        self._key = key
        self._viewer.begin(builds=key.codec != "jpeg")
        if self._place is not None:
            self._look_away()
            self._look()

    def _look(self) -> None:
        if self._place is not None:
            return
        try:
            self._place = self._hub.join(self._key, self)
        except (UnknownName, SourceError, QueueFull) as error:
            self._finish(_TRY_LATER, str(error))
            return
        if self._place.state is not None:
            self._say(self._place.state)

    def _look_away(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            self._hub.leave(place, self)

    # -- to the viewer

    def _say(self, said: Said) -> None:
        self._words[type(said)] = said
        self._wake.set()

    def _finish(self, code: int, why: str) -> None:
        if self._end is None:
            self._end = (code, why[:100])
            self._wake.set()

    def _stopping(self) -> None:
        """On whatever thread sets the server's end."""
        try:
            self._loop.call_soon_threadsafe(self._finish, _GOING_AWAY, "the station stops")
            self._loop.call_soon_threadsafe(self._loop.call_later, _CLOSE_S, self._pipe.abort)
        except RuntimeError:
            return  # the loop has ended already

    async def _write(self) -> None:
        try:
            while self._end is None:
                await self._wake.wait()
                self._wake.clear()
                await self._send_all()
            await self._socket.close(*self._end)
        except WebSocketDisconnect:
            return
        except RuntimeError:
            return  # it was closed between our looking and our sending

    async def _send_all(self) -> None:
        while self._end is None:
            if self._words:
                said = self._words.pop(next(iter(self._words)))
                await self._send({"type": "websocket.send", "text": live_words.write(said)})
                continue
            picture = self._viewer.take(self._loop.time())
            if picture is None:
                return
            await self._send_picture(picture)

    async def _send_picture(self, picture: Picture) -> None:
        if picture.about is not self._about:
            self._about = picture.about
            await self._send({"type": "websocket.send", "text": picture.about.hello})
            if picture.about.init is not None:
                await self._send({"type": "websocket.send", "bytes": picture.about.init})
        await self._send({"type": "websocket.send", "bytes": picture.message})
        # With pictures only, whose number is limited by what the viewer draws.
        marks, self._marks = self._marks, None
        if marks is not None and self._figures:
            await self._send({"type": "websocket.send", "text": live_words.write(marks)})

    async def _send(self, message: dict[str, str | bytes]) -> None:
        self._sending_since = self._loop.time()
        await self._socket.send(message)
        self._sending_since = None

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(_TICK_S, self._tick)
        since = self._sending_since
        if since is not None and self._loop.time() - since > WRITE_S:
            self._pipe.abort()
            return
        self._way_s = self._pipe.way_s()
        viewer = self._viewer
        total = sum(viewer.dropped.values())
        if total != self._told_drops:
            self._told_drops = total
            self._say(Dropped(total=total, reason=dict(viewer.dropped)))
        if self._key.codec == "jpeg" and self._link.look(self._loop.time(), viewer.offered):
            self._say(Switch(codec="h264", why="the link is too slow for JPEG: H.264 needs a fourth of it"))
