"""Map-reduce by rushes: the functions that its workers call, and the jobs that are measured.

``python -m benchmarks.peers.mapreduce_ours JOB OPTIONS`` prints what came of it as one JSON document. Hubs are at
addresses that the system chose and keep their files in a folder for temporary files.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes import Frame, Receiver

WARM = 8
HERE = "tcp://127.0.0.1:0"
NAME = "benchmarks.peers.mapreduce_ours"
DELAYS_MS = {"ten": 10, "twenty": 20, "forty": 40}


def ten(frame: Frame) -> dict[str, str]:
    return _after("ten")


def twenty(frame: Frame) -> dict[str, str]:
    return _after("twenty")


def forty(frame: Frame) -> dict[str, str]:
    return _after("forty")


def glance(frame: Frame) -> Any:
    """Small results: what is measured is how frames get to the workers."""
    return frame.array[:16, :16].copy()


def stuck_once(frame: Frame) -> dict[str, int]:
    """The first to have the frame says which process it is in and hangs; the second says when it began."""
    began_ns, path = time.monotonic_ns(), str(frame.meta["path"])
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return {"began_ns": began_ns}
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{os.getpid()} {os.getppid()}\n")
    time.sleep(600)
    return {}


def _after(who: str) -> dict[str, str]:
    time.sleep(DELAYS_MS[who] / 1000)
    return {"by": who}


@contextlib.contextmanager
def worker(source: str, drain: str, call: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of ``rushes work`` with one process for its function."""
    line = [sys.executable, "-m", "rushes", "work", source, drain, "--call", f"{NAME}:{call}", "--procs", "1"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Taken:
    """All that a receiver gave, on a thread of its own: (number, meta, when)."""

    def __init__(self, receiver: Receiver) -> None:
        self.items: list[tuple[int, dict[str, Any], float]] = []
        self.gaps = 0
        self._thread = threading.Thread(target=self._run, args=(receiver,))
        self._thread.start()

    def wait(self, count: int, within_s: float) -> bool:
        until_s = time.monotonic() + within_s
        while len(self.items) + self.gaps < count and time.monotonic() < until_s:
            time.sleep(0.005)
        return len(self.items) >= count

    def join(self) -> None:
        self._thread.join()

    def _run(self, receiver: Receiver) -> None:
        from rushes import Frame

        for item in receiver.frames():
            if isinstance(item, Frame):
                self.items.append((item.number or 0, dict(item.meta), time.monotonic()))
            else:
                self.gaps += item.last + 1 - item.first


@contextlib.contextmanager
def ends(where: str = HERE, **options: Any) -> Iterator[tuple[Any, Any, Taken]]:
    from rushes import Receiver, Streamer

    with Streamer(where, mapreduce=True, **options) as streamer, Receiver(where, mapreduce=True) as receiver:
        taken = Taken(receiver)
        try:
            yield streamer, receiver, taken
        finally:
            receiver.stop()
            taken.join()


def shared(count: int, fps: float, kill_at: int) -> dict[str, Any]:
    """Three unequal workers; the fast one is killed when so many frames were sent, if that many are."""
    import numpy as np

    with ends() as (streamer, receiver, taken), contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(worker(streamer.address, receiver.address, each)) for each in DELAYS_MS
        ]
        # All three are there before anything is counted.
        warm = 0
        while len({meta.get("by") for _, meta, _ in taken.items}) < 3 and warm < 400:
            streamer.send(np.zeros((120, 160, 3), np.uint8))
            warm += 1
            time.sleep(0.05)
        taken.wait(warm, 10)
        for number in range(count):
            streamer.send(np.full((120, 160, 3), number % 256, np.uint8))
            if number == kill_at:
                workers[0].kill()
            time.sleep(1 / fps)
        taken.wait(warm + count, 15)
        told = sum(receiver.stats().dropped.values())
        items = [(number - warm, meta) for number, meta, _ in taken.items if number >= warm]
    return {
        "numbers": [number for number, _ in items],
        "by": [meta["by"] for _, meta in items],
        "told": told,
    }


def rate(count: int, kilobytes: int, workers: int) -> dict[str, Any]:
    """How many frames a second come into the hub, or through so many workers to the receiver; JPEGs, made before."""
    from rushes import Frame

    picture = jpeg(kilobytes)
    with ends(when_full="block") as (streamer, receiver, taken), contextlib.ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(worker(streamer.address, receiver.address, "glance"))
        warm = 8 if workers else 0
        for number in range(warm):
            streamer.send(Frame(picture, number, format="jpeg"))
        if warm and not taken.wait(warm, 30):
            raise RuntimeError("the workers do not work")
        began_s = time.monotonic()
        for number in range(warm, warm + count):
            streamer.send(Frame(picture, number, format="jpeg"))
        while streamer.stats().sent < warm + count and time.monotonic() < began_s + 60:
            time.sleep(0.001)
        took_s = time.monotonic() - began_s
        if workers:
            taken.wait(warm + count, 60)
            took_s = taken.items[-1][2] - began_s
        stats = streamer.stats()
    return {"fps": (stats.sent - warm) / took_s, "sent": stats.sent - warm, "bytes": int(picture.nbytes)}


def arrays(count: int, kilobytes: int, workers: int) -> dict[str, Any]:
    """How many arrays a second come through so many workers of this machine, without a hub."""
    picture = noise(kilobytes)
    where = f"ipc://bench-{os.getpid()}"
    with ends(where, when_full="block") as (streamer, receiver, taken), contextlib.ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(worker(streamer.address, receiver.address, "glance"))
        for _ in range(WARM):
            streamer.send(picture)
        if not taken.wait(WARM, 30):
            raise RuntimeError("the workers do not work")
        began_s = time.monotonic()
        for _ in range(count):
            streamer.send(picture)
        taken.wait(WARM + count, 60)
        took_s = taken.items[-1][2] - began_s
    return {"fps": (len(taken.items) - WARM) / took_s, "sent": count, "bytes": int(picture.nbytes)}


def noise(kilobytes: int) -> Any:
    """Pixels of about that size."""
    import numpy as np

    side = round((kilobytes * 1000 / 3) ** 0.5 / 16) * 16
    return np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)


def jpeg(kilobytes: int) -> Any:
    """A JPEG of noise of about that size."""
    import numpy as np

    from rushes.codecs import jpeg as codec

    side = round((kilobytes * 1000 / 0.9) ** 0.5 / 16) * 16
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    return np.frombuffer(codec.encode(noise, "bgr24", 90), np.uint8)


if __name__ == "__main__":
    job, options = sys.argv[1], json.loads(sys.argv[2])
    jobs: dict[str, Any] = {"shared": shared, "rate": rate, "arrays": arrays}
    print(json.dumps(jobs[job](**options)))
