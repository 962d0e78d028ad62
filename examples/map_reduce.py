"""Frames are dealt out to two workers, one of which is killed; all results come back in order.

On several machines the same is four commands, with keys that `rushes keys new KEYS --host 192.0.2.7` made:

rushes send rtsp://camera.local/stream tcp://192.0.2.7:5555 --mapreduce --keys KEYS    the machine with the camera
rushes recv tcp://192.0.2.7:5556 --mapreduce --keys KEYS                               where results are wanted
rushes work tcp://192.0.2.7:5555 tcp://192.0.2.7:5556 --call map_reduce:look --keys KEYS   as many machines as you like
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rushes import Frame, Gap, Receiver, Streamer

COUNT = 60
KILL_AT = 20


def look(frame: Frame) -> dict[str, float]:
    """The work, in a process of its own. It fails for frame 7, each time."""
    if frame.number == 7:
        raise ValueError("too dark")
    time.sleep(0.03)
    return {"mean": round(float(frame.array.mean()))}


def worker(source: str, drain: str) -> subprocess.Popen[bytes]:
    words = ["work", source, drain, "--call", "map_reduce:look", "--procs", "1"]
    line = [sys.executable, "-m", "rushes", *words]
    return subprocess.Popen(line, cwd=Path(__file__).parent, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    with (
        Streamer("tcp://127.0.0.1:0", mapreduce=True) as streamer,
        Receiver("tcp://127.0.0.1:0", mapreduce=True) as receiver,
    ):
        workers = [worker(streamer.address, receiver.address) for _ in range(2)]
        for value in range(COUNT):
            streamer.send(np.full((180, 320, 3), value, np.uint8))
        numbers, meta = list[int](), dict[str, Any]()
        for item in receiver.frames():
            if isinstance(item, Gap):
                print(f"frame {item.first} is given up: {item.reason}")
                continue
            numbers.append(item.number or 0)
            meta = dict(item.meta)
            if len(numbers) == KILL_AT:
                workers[0].kill()  # what it had goes to the other
            if item.number == COUNT - 1:
                break
        print(f"{len(numbers)} results, in order: {numbers == sorted(set(numbers))}; the last: {meta}")
        print(f"expected {receiver.stats().expected}, dropped {dict(receiver.stats().dropped)}")
        workers[1].terminate()
        codes = [each.wait() for each in workers]
        print(f"the workers ended with {codes}")
