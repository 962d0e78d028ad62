"""The station's web process: binds, serves, says so, and ends when it is told to."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from rushes.errors import ConfigError
from rushes.server.app import create_app
from rushes.server.auth import split_bind
from rushes.server.endpoints import MAX_BODY
from rushes.server.live_protocols import websocket_protocol
from rushes.server.state import ServerState
from rushes.server.strict import strict_protocol
from rushes.server.terminal import Terminal
from rushes.station.messages import LINE_BYTES, Ready, Serving, Viewed, ViewedEdge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.applications import Starlette

    from rushes.station.board import EdgeState
    from rushes.station.child import Link
    from rushes.station.messages import WebTask

__all__ = ["GRACE_S", "Server", "bound", "lines_of", "serve", "url_of"]

GRACE_S = 2
"""How long requests on their way may take at the end; viewers, who would stay for ever, are sent away before."""
_TELL_S = 0.5
_BACKLOG = 256
_ROOM = LINE_BYTES - 64


def serve(task: WebTask, link: Link) -> None:
    """Serves until ``link.stop``.

    ConfigError when the address cannot be had, or when others could reach it and there is no token yet.
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    state = ServerState(task.station, bind=task.bind, data=Path(task.data))
    with state:
        state.auth.check_ready()
        if task.hub:
            from rushes.server.fleet_member import Member  # who joins nobody needs no client of a hub

            state.fleet = Member(state, task.hub, task.keys)
        listener = bound(task.bind)
        with listener:
            link.say(Ready())
            server = Server(create_app(state))
            with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                runner.run(_serve(state, server, listener, link))


def bound(bind: str) -> socket.socket:
    """A listening socket at "HOST:PORT"; port 0 is any free one. ConfigError, with the cause, when it cannot be."""
    host, port = split_bind(bind)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"cannot bind {bind!r}: {error.strerror or error}", option="bind") from error
    try:
        # A restarted process must have its port again, though connections to the one before it linger.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot bind {bind!r}: {error.strerror}; choose another with --bind HOST:PORT", option="bind"
        ) from error
    return listener


class Server(uvicorn.Server):
    """uvicorn as a station wants it: silent, with an end, no compression of pictures that are compressed, and
    without a hand on signals, which are the parent's to deal with.
    """

    def __init__(self, app: Starlette) -> None:
        config = uvicorn.Config(
            app,
            http=strict_protocol(),
            ws=websocket_protocol(),
            ws_per_message_deflate=False,
            ws_max_size=MAX_BODY,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=30,
        )
        super().__init__(config)
        self.begun = asyncio.Event()
        """Set once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does."""
        await super().startup(sockets)
        self.begun.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves them as they are."""
        yield


async def _serve(state: ServerState, server: Server, listener: socket.socket, link: Link) -> None:
    running = asyncio.create_task(server.serve(sockets=[listener]))
    begun = asyncio.create_task(server.begun.wait())
    try:
        await asyncio.wait({running, begun}, return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            link.say(Serving(url_of(state.auth.host, listener.getsockname()[1])))
        terminal = Terminal(state, link)
        while not running.done() and not link.stop.stopped:
            for word in lines_of(state.edges.states()):
                link.say(word)
            terminal.tell()
            await link.stop.wait_async(_TELL_S)
    finally:
        begun.cancel()
        state.stopping.set()
        server.should_exit = True
        await _ended(running)
    for word in lines_of(state.edges.states()):
        link.say(word)


async def _ended(running: asyncio.Task[None]) -> None:
    """uvicorn waits for open requests for its grace; one that waits longer is not waited for."""
    with suppress(TimeoutError):
        await asyncio.wait_for(running, GRACE_S + 1)


def url_of(host: str, port: int) -> str:
    """What to open in a browser of this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def lines_of(edges: Iterable[EdgeState]) -> list[Viewed]:
    """The ledgers in as few words as each is a line that a pipe takes whole."""
    words: list[Viewed] = []
    held: list[ViewedEdge] = []
    size = 0
    for each in edges:
        told = ViewedEdge(**msgspec.structs.asdict(each))
        needs = len(msgspec.json.encode(told)) + 1
        if held and size + needs > _ROOM:
            words.append(Viewed(tuple(held)))
            held, size = [], 0
        held.append(told)
        size += needs
    return [*words, Viewed(tuple(held))] if held else words
