"""Does a call let other threads run? Sums of stalls mislead on a busy machine; the longest one does not."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable


def longest_stall(call: Callable[[], object], tries: int = 5) -> tuple[float, float]:
    """(longest stall of another thread, length of the call) in seconds, of the try with the least share."""
    measured = [_once(call) for _ in range(tries)]
    return min(measured, key=lambda pair: pair[0] / pair[1])


def _once(call: Callable[[], object]) -> tuple[float, float]:
    ready, over = threading.Event(), threading.Event()
    stamps: list[float] = []

    def watch() -> None:
        ready.set()
        while not over.is_set():
            stamps.append(time.perf_counter())

    thread = threading.Thread(target=watch)
    thread.start()
    ready.wait()
    began = time.perf_counter()
    call()
    ended = time.perf_counter()
    over.set()
    thread.join()
    inside = [began, *(each for each in stamps if began < each < ended), ended]
    return max(later - earlier for earlier, later in itertools.pairwise(inside)), ended - began
