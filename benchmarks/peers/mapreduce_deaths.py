"""What dies in map-reduce by rushes, and how soon it goes on; run as mapreduce_ours is."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.mapreduce_ours import ends, worker

PATIENCE_S = 20.0


def redelivered(whole: bool) -> dict[str, Any]:
    """How long after the kill a frame is begun again that was being worked on: of the process of the function, or of
    the ``whole`` worker. Another worker is there and idle.
    """
    import numpy as np

    path = Path(tempfile.mkdtemp(prefix="mapreduce-bench-")) / "process"
    with ends() as (streamer, receiver, taken), contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(worker(streamer.address, receiver.address, "stuck_once"))
        # Each has a frame of its own first, so that both are there.
        streamer.send(np.zeros((16, 16, 3), np.uint8), meta={"path": str(path)})
        child, parent = _written(path)
        time.sleep(1.5)  # the other one's interpreter starts meanwhile
        killed_ns = time.monotonic_ns()
        os.kill(parent if whole else child, signal.SIGKILL)
        if not taken.wait(1, PATIENCE_S):
            raise RuntimeError("it was not begun again")
        began_ns = taken.items[0][1]["began_ns"]
    path.unlink()
    path.parent.rmdir()
    return {"after_s": (began_ns - killed_ns) / 1e9}


def hub(frames: int, fps: float) -> dict[str, Any]:
    """How long a hub takes to be up, what it holds when idle, and how soon it runs again when it is killed while
    frames go through.
    """
    import numpy as np

    psutil: Any = importlib.import_module("psutil")

    from rushes.wire.endpoint import parse
    from rushes.wire.hub import Hub

    with tempfile.TemporaryDirectory(prefix="mapreduce-bench-") as folder:
        began_s = time.monotonic()
        alone = Hub(parse("tcp://127.0.0.1:0"), folder=folder)
        up_s = time.monotonic() - began_s
        time.sleep(1)
        idle = psutil.Process(alone.stats().pid).memory_info().rss
        alone.close()
    with ends() as (streamer, receiver, taken), worker(streamer.address, receiver.address, "ten"):
        port = int(streamer.address.rpartition(":")[2])
        server = next(
            each
            for each in psutil.Process().children()
            if any(link.laddr.port == port and link.status == "LISTEN" for link in each.net_connections())
        )
        down: list[float] = []
        for number in range(frames):
            streamer.send(np.zeros((16, 16, 3), np.uint8))
            if number == frames // 2:
                server.kill()
                watch = threading.Thread(target=lambda: down.append(_until_up(port)))
                watch.start()
            time.sleep(1 / fps)
        watch.join()
        taken.wait(frames, PATIENCE_S)
        numbers = [number for number, _, _ in taken.items]
    return {"up_s": up_s, "idle": idle, "again_s": down[0], "lost": frames - len(set(numbers)),
            "in_order": numbers == sorted(set(numbers))}  # fmt: skip


def _until_up(port: int) -> float:
    """Until a server there says the first word of its greeting."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + PATIENCE_S:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
        ):
            if connection.recv(4) == b"INFO":
                return time.monotonic() - began_s
        time.sleep(0.002)
    raise RuntimeError("the hub stayed down")


def _written(path: Path) -> tuple[int, int]:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        if path.exists() and (text := path.read_text()).endswith("\n"):
            child, parent = text.split()
            return int(child), int(parent)
        time.sleep(0.005)
    raise RuntimeError("nobody began to work")


if __name__ == "__main__":
    job, options = sys.argv[1], json.loads(sys.argv[2])
    jobs: dict[str, Any] = {"redelivered": redelivered, "hub": hub}
    print(json.dumps(jobs[job](**options)))
