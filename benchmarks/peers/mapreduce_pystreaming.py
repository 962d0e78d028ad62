"""Map-reduce by pystreaming 1.3.2 as its documents show it; the same job, and the same way to be run, as ours."""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

NAME = "benchmarks.peers.mapreduce_pystreaming"
DELAYS_MS = {"ten": 10, "twenty": 20, "forty": 40}


def shared(count: int, fps: float, kill_at: int) -> dict[str, Any]:
    """Three unequal workers; the fast one is killed when so many frames were sent, if that many are."""
    import numpy as np

    pystreaming: Any = importlib.import_module("pystreaming")
    source, drain = (f"tcp://127.0.0.1:{port}" for port in _ports(2))
    streamer = pystreaming.Streamer(source, mapreduce=True)
    receiver = pystreaming.Receiver(drain, mapreduce=True)
    streamer.start()
    receiver.start()
    taken, over = _taking(receiver)
    line = [sys.executable, "-m", NAME, "worker", source, drain]
    # In groups of their own: what a killed one leaves behind goes on, and has to be ended afterwards.
    workers = [subprocess.Popen([*line, each], start_new_session=True) for each in DELAYS_MS]
    try:
        warm = 0
        while len({by for _, by in taken}) < 3 and warm < 400:
            streamer.send(np.zeros((120, 160, 3), np.uint8))
            warm += 1
            time.sleep(0.05)
        _wait(taken, warm, 3)
        for number in range(count):
            streamer.send(np.full((120, 160, 3), number % 256, np.uint8))
            if number == kill_at:
                workers[0].kill()
            time.sleep(1 / fps)
        _wait(taken, warm + count, 5)
        first = streamer.encoder.idx - count
    finally:
        over.set()
        for each in workers:
            os.killpg(each.pid, signal.SIGKILL)
            each.wait()
        streamer.stop()
        receiver.stop()
    items = [(number - first, by) for number, by in taken if number >= first]
    return {"numbers": [number for number, _ in items], "by": [by for _, by in items], "told": 0}


def work(source: str, drain: str, who: str) -> None:
    """One worker, until it is killed."""
    pystreaming: Any = importlib.import_module("pystreaming")
    worker = pystreaming.Worker(source, drain)
    worker.start()
    for data in worker.handler(timeout=100):
        if data is not None:
            time.sleep(DELAYS_MS[who] / 1000)
            data["meta"] = who
            worker.send(data)


def _taking(receiver: Any) -> tuple[list[tuple[int, str]], threading.Event]:
    taken: list[tuple[int, str]] = []
    over = threading.Event()

    def run() -> None:
        for data in receiver.handler(timeout=50):
            if over.is_set():
                return
            if data is not None:
                taken.append((data["fno"], data["meta"]))

    threading.Thread(target=run, daemon=True).start()
    return taken, over


def _wait(taken: list[tuple[int, str]], count: int, within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while len(taken) < count and time.monotonic() < until_s:
        time.sleep(0.01)


def _ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        work(*sys.argv[2:])
    else:
        print(json.dumps(shared(**json.loads(sys.argv[2]))))
        sys.stdout.flush()
        os._exit(0)  # its threads wait for sockets that nobody closes
