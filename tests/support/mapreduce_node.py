"""A worker, a receiver or a streamer as a program of its own, to be killed; told what to do on its command line.

mapreduce_node.py worker SOURCE DRAIN TRACK FUNCTION [PROCS]
mapreduce_node.py receive ENDPOINT FILE
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

import numpy as np

from rushes.errors import ClosedError
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire.flow import Gap

INSECURE = bool(os.environ.get("INSECURE"))


def work(source: str, drain: str, track: str, function: str, procs: str = "2") -> None:
    with Worker(source, drain or None, track, insecure=INSECURE) as worker:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=worker.close).start())
        print("ready", flush=True)
        with contextlib.suppress(ClosedError):  # asked to end before it began
            worker.run(f"tests.support.mapreduce_functions:{function}", procs=int(procs))


def receive(endpoint: str, file: str) -> None:
    """Appends a line for all it is handed: run is not told to users, so that a run's end is the caller's to know."""
    out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with Receiver(endpoint, mapreduce=True, insecure=INSECURE) as receiver:
        frames = receiver.frames()  # before it can be asked to end, after which there are none to be had
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=receiver.stop).start())
        print(receiver.address, flush=True)
        for each in frames:
            if isinstance(each, Gap):
                os.write(out, f"{each.track} gap {each.first}-{each.last} {each.reason}\n".encode())
            else:
                os.write(out, f"{each.track} {each.number} {each.meta.get('who', '')}\n".encode())


def stream(endpoint: str, count: str, every_s: str) -> None:
    """Sends so many small pictures, and stays until it is asked to end."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    with Streamer(endpoint, mapreduce=True, insecure=INSECURE) as streamer:
        print(streamer.address, flush=True)
        for number in range(int(count)):
            streamer.send(np.full((24, 32, 3), number % 250, np.uint8))
            if over.wait(float(every_s)):
                return
        over.wait()


if __name__ == "__main__":
    parts: dict[str, Callable[..., None]] = {"worker": work, "receive": receive, "stream": stream}
    parts[sys.argv[1]](*sys.argv[2:])
