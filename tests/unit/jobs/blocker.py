"""Holding the workers of a queue until told."""

from __future__ import annotations

import threading

from rushes import JobQueue, Priority

WAIT = 10.0


class Blocker:
    """Holds workers until opened."""

    def __init__(self, queue: JobQueue, count: int = 1) -> None:
        self.gate = threading.Event()
        started = threading.Semaphore(0)

        def hold() -> None:
            started.release()
            assert self.gate.wait(WAIT)

        self.handles = [queue.submit(hold, priority=Priority.HIGH) for _ in range(count)]
        for _ in range(count):
            assert started.acquire(timeout=WAIT)

    def open(self) -> None:
        self.gate.set()
