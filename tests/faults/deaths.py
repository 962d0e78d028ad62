"""What the tests of killed parts of a map-reduce share: who sends, who has worked, and how long nothing came."""

from __future__ import annotations

import os
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path

from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import Reader, numbers, reading, settle, small, working

HANG_S = 15.0


def longest_stall(reader: Reader, since: float) -> float:
    """The longest time in which nothing came, after ``since``."""
    at = [since, *(each for each in reader.at if each > since)]
    return max(b - a for a, b in pairwise(at))


def sending(streamer: Streamer, count: int, every_s: float) -> threading.Thread:
    def send() -> None:
        for number in range(count):
            assert streamer.send(small(number % 250)).accepted
            time.sleep(every_s)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def both_work(streamer: Streamer, reader: Reader) -> None:
    """Returns when both processes of a function that gives its process's id have worked."""
    seen: set[object] = set()
    until = time.monotonic() + HANG_S
    while len(seen) < 2 and time.monotonic() < until:
        for _ in range(2):
            streamer.send(small())
        seen |= {each.meta["data"] for each in reader.take(2) if isinstance(each, Frame)}


def the_frame_of_a_killed_process_comes_back(streamer: Streamer, receiver: Receiver, folder: Path) -> None:
    here = folder / "here"
    with (
        working(streamer.address, receiver.address, functions.hangs_once) as worker,
        reading(receiver) as reader,
    ):
        both_work(streamer, reader)
        number = streamer.send(small(), {"here": str(here)}).number
        assert settle(lambda: here.exists() and here.read_text() != "")
        began = time.monotonic()
        os.kill(int(here.read_text()), signal.SIGKILL)
        assert numbers(reader.take(1)) == [number]
        back_s = reader.at[-1] - began
        print(f"\nkilled process of a function: its frame is back after {back_s * 1000:.0f} ms")
        assert back_s < HANG_S
        assert settle(lambda: not worker.stats().waiting)
        assert worker.stats().dropped == {"again": 1}
