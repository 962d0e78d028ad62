"""A station made by hand, its live view served in this process, and viewers."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from websockets.sync.client import ClientConnection, connect

from rushes import Frame
from rushes.capture.testcard import TestCard
from rushes.depot import Depot
from rushes.server.live_protocols import http_protocol, websocket_protocol
from rushes.server.live_routes import live_routes
from rushes.server.state import ServerState
from rushes.station.board import Board, BoardWriter, ChannelState

WAIT_S = 20.0
SHAPE = (360, 640)
HEAD = struct.Struct(">BBHIQQ")


class ByHand:
    """A station with one channel, "cam", whose frames are put by the test."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._board = BoardWriter(name)
        self.card = TestCard(SHAPE[1], SHAPE[0], 30, "i420")
        self.number = 0
        self.figures: Depot | None = None
        self.archive: str | None = None
        self.depot = self.new_depot()
        self.show()

    def new_depot(self) -> Depot:
        return Depot.create(f"{self.name}-cam", slots=8, shape=self.card.shape, replace="always")

    def replace_depot(self) -> None:
        """As when the station restarts."""
        old, self.depot = self.depot, self.new_depot()
        old.close()

    def show(self, state: str = "live", why: str = "", now_ns: int | None = None) -> None:
        now_ns = time.time_ns() if now_ns is None else now_ns
        channel = ChannelState(
            name="cam",
            source="testcard:",
            state=state,
            why=why,
            since_ns=now_ns,
            fps_target=30,
            width=SHAPE[1],
            height=SHAPE[0],
            depot=self.depot.name,
            figures="" if self.figures is None else self.figures.name,
        )
        board = Board(
            station=self.name, pid=1, started_ns=0, now_ns=now_ns, channels=(channel,), archive=self.archive
        )
        self._board.show(board)

    def put(self) -> int:
        """One frame; its number."""
        now_ns, number = time.time_ns(), self.number
        array = np.empty(self.card.shape, np.uint8)
        self.card.draw(array, number, now_ns)
        self.depot.put(Frame(array, number, captured_ns=now_ns, format="i420"))
        self.number += 1
        return number

    def close(self) -> None:
        self._board.close()
        for depot in (self.depot, self.figures):
            if depot is not None:
                depot.unlink()
                depot.close()


class Running(threading.Thread):
    """Puts thirty frames a second until it is ended."""

    def __init__(self, station: ByHand) -> None:
        super().__init__(name="frames")
        self._station, self._end = station, threading.Event()

    def run(self) -> None:
        while not self._end.wait(1 / 30):
            self._station.put()
            if self._station.number % 15 == 0:
                self._station.show()

    def end(self) -> None:
        self._end.set()
        self.join()


@contextlib.contextmanager
def running(station: ByHand) -> Iterator[None]:
    frames = Running(station)
    frames.start()
    try:
        yield
    finally:
        frames.end()


class Served:
    """The live view of a station on a port of this machine."""

    def __init__(self, station: ByHand, folder: Path) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.at = f"127.0.0.1:{port}"
        self.state = ServerState(station.name, bind=self.at, data=folder)
        config = uvicorn.Config(
            Starlette(routes=live_routes(self.state)),
            ws=websocket_protocol(),
            http=http_protocol(),
            ws_per_message_deflate=False,
            lifespan="off",
            loop="asyncio",  # the other one keeps a pipe for the life of the process
            log_config=None,
            timeout_graceful_shutdown=3,
        )
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, args=([self.listener],), name="server")
        self._thread.start()
        until(lambda: self.server.started)

    def stop(self) -> float:
        """Ends everything; how long it took."""
        began = time.monotonic()
        self.state.stopping.set()
        self.server.should_exit = True
        self._thread.join()
        self.state.close()
        self.listener.close()
        return time.monotonic() - began


@contextlib.contextmanager
def served(station: ByHand, folder: Path) -> Iterator[Served]:
    made = Served(station, folder)
    try:
        yield made
    finally:
        made.stop()


class Eye:
    """A viewer. ``texts`` and ``pictures`` hold what came, by :meth:`look`."""

    def __init__(self, at: str, query: str = "", *, acks: bool = True, channel: str = "cam") -> None:
        self._open = contextlib.ExitStack()
        address = f"ws://{at}/ws/live/{channel}{query}"
        self.socket: ClientConnection = self._open.enter_context(
            connect(address, compression=None, max_size=None, close_timeout=2)
        )
        self.texts: list[dict[str, Any]] = []
        self.pictures: list[tuple[int, int, bytes]] = []
        """Flags, number, payload."""
        self._acks = acks

    def look(self) -> dict[str, Any] | tuple[int, int, bytes]:
        """The next message."""
        message = self.socket.recv(WAIT_S)
        if isinstance(message, str):
            word: dict[str, Any] = json.loads(message)
            self.texts.append(word)
            return word
        _, flags, _, _, number, _ = HEAD.unpack(message[:24])
        self.pictures.append((flags, number, message[24:]))
        if self._acks and not flags & 2:
            self.ack(number)
        return self.pictures[-1]

    def ack(self, number: int) -> None:
        self.socket.send(struct.pack(">II", number % 2**32, time.time_ns() // 1_000_000 % 2**32))

    def say(self, **word: Any) -> None:
        self.socket.send(json.dumps(word))

    def until_word(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next word of that kind with these fields."""
        while True:
            word = self.look()
            if isinstance(word, dict) and word["type"] == kind and fields.items() <= word.items():
                return word

    def until_picture(self, least: int = 0) -> tuple[int, int, bytes]:
        """The next picture with at least that number."""
        while True:
            picture = self.look()
            if isinstance(picture, tuple) and picture[1] >= least and not picture[0] & 2:
                return picture

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Eye:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Stuck:
    """A viewer that opens the socket, reads nothing, and says that it drew everything."""

    def __init__(self, site: Served, *, acks: bool = True) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(site.listener.getsockname())
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        self.socket.sendall(
            f"GET /ws/live/cam?q=100 HTTP/1.1\r\nHost: {site.at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.socket.recv(1)
        self._acks = acks

    def claim(self, number: int) -> None:
        """Acknowledges a picture that it never read."""
        if self._acks:
            body = struct.pack(">II", number % 2**32, 0)
            self.socket.sendall(b"\x82" + bytes([0x80 | len(body)]) + bytes(4) + body)

    def close(self) -> None:
        self.socket.close()


def until(true: Callable[[], bool]) -> None:
    """Waits for something that nothing announces."""
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
