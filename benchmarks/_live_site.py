"""A camera that draws the test card, and the live view of it, each in a fresh process."""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._family import cpu_s, kill_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

SPAWN = multiprocessing.get_context("spawn")
SCRIPT = Path(__file__).resolve().parent / "peers" / "live_page.js"
PAGE = '<!doctype html><title>live</title><canvas id="glass"></canvas><script src="/bench.js"></script>'
PATIENCE_S = 60.0
CHANNEL = "card"
_BOARD_S = 0.5


@dataclass
class Site:
    """Where it is served, by which process."""

    at: str
    server: int
    _end: Callable[[], float]

    def cpu_s(self) -> float:
        """Processor time of the server so far."""
        return cpu_s(self.server)

    def rss(self) -> int:
        """Bytes of memory of the server's own."""
        status = Path(f"/proc/{self.server}/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS"))

    def end(self) -> float:
        """Tells the server to stop; seconds until its process is gone."""
        return self._end()


@contextlib.contextmanager
def site(width: int, height: int, fps: float) -> Iterator[Site]:
    """Served until the end of the block."""
    station = f"bench-{secrets.token_hex(4)}"
    camera, camera_line = child(draw, station, width, height, fps)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server, line = None, None
    try:
        hear(camera_line)
        server, line = child(serve, station, port)
        hear(line)
        yield Site(f"127.0.0.1:{port}", server.pid, lambda: _stop(server, line))
    finally:
        for process, its in ((server, line), (camera, camera_line)):
            if process is not None and its is not None:
                _stop(process, its)
                kill_tree(process.pid)
                its.close()


def draw(station: str, width: int, height: int, fps: float, line: Connection) -> None:
    """The camera's process, with the board of its station: until something is said on the line."""
    from rushes.capture.pacer import Pacer
    from rushes.capture.testcard import TestCard
    from rushes.depot import Depot
    from rushes.station.board import Board, BoardWriter, ChannelState

    card = TestCard(width, height, fps, "i420")
    board, begun = BoardWriter(station), time.time_ns()
    with Depot.create(f"{station}-{CHANNEL}", slots=16, shape=card.shape) as depot:
        channel = ChannelState(
            name=CHANNEL,
            source="testcard:",
            state="live",
            since_ns=begun,
            fps_target=fps,
            width=width,
            height=height,
            depot=depot.name,
        )
        pacer, shown_s = Pacer(fps, time.monotonic_ns()), 0.0
        said = False
        while not line.poll(pacer.wait_ns(time.monotonic_ns()) / 1e9):
            if time.monotonic() - shown_s > _BOARD_S:
                now_ns = time.time_ns()
                board.show(
                    Board(station=station, pid=1, started_ns=begun, now_ns=now_ns, channels=(channel,))
                )
                shown_s = time.monotonic()
            tick = pacer.poll(time.monotonic_ns())
            if tick is None:
                continue
            with depot.loan() as loan:
                now_ns = time.time_ns()
                card.draw(loan.array, tick.number, now_ns)
                loan.publish(tick.number, captured_ns=now_ns, format="i420")
            if not said:
                line.send("drawing")
                said = True
        depot.unlink()
    board.close()


def serve(station: str, port: int, line: Connection) -> None:
    """The server's process: until something is said on the line."""
    import threading

    import uvicorn
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route

    from rushes.server import mjpeg
    from rushes.server.app import create_app
    from rushes.server.live_protocols import http_protocol, websocket_protocol
    from rushes.server.state import ServerState

    # Both ways are measured at the same rate.
    mjpeg.MOST_FPS = 60

    async def page(request: Any) -> Response:
        return HTMLResponse(PAGE)

    async def script(request: Any) -> Response:
        return Response(SCRIPT.read_text(), media_type="text/javascript")

    with tempfile.TemporaryDirectory() as folder:
        state = ServerState(station, bind=f"127.0.0.1:{port}", data=Path(folder))
        app = create_app(state)
        app.router.routes[:0] = [Route("/bench", page), Route("/bench.js", script)]
        config = uvicorn.Config(
            app,
            port=port,
            ws=websocket_protocol(),
            http=http_protocol(),
            ws_per_message_deflate=False,
            log_level="error",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run)
        running.start()
        while not server.started and running.is_alive():
            time.sleep(0.01)
        line.send("serving")
        with contextlib.suppress(EOFError):
            line.recv()
        state.stopping.set()
        server.should_exit = True
        running.join()
        state.close()


def child(target: Any, *arguments: Any) -> tuple[Any, Connection]:
    """A fresh process, and the line to it, which is its last argument."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=target, args=(*arguments, there))
    process.start()
    there.close()
    return process, here


def hear(line: Connection, patience_s: float = PATIENCE_S) -> Any:
    """The next word from a process."""
    if not line.poll(patience_s):
        raise RuntimeError("nothing heard of a process")
    return line.recv()


def _stop(process: Any, line: Connection) -> float:
    began = time.monotonic()
    if process.is_alive():
        with contextlib.suppress(OSError):
            line.send("end")
        process.join(PATIENCE_S)
    return time.monotonic() - began
