"""How many workers of a queue take shots: changed while it runs, without a new queue."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from rushes.jobs import Priority

if TYPE_CHECKING:
    from rushes.jobs import JobQueue

__all__ = ["Crew"]


class Crew:
    """``size`` of a queue's workers take shots; the others, if it was more before, are kept waiting.

    A second queue of the new size was rejected: what waits in the first would keep the old one, and for a time
    a camera would be asked twice as often as it may be.
    """

    def __init__(self, queue: JobQueue, size: int) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._most = size
        self._resting: list[threading.Event] = []

    def resize(self, size: int) -> None:
        """So many take shots from now on; a worker that is to rest finishes its shot first."""
        with self._lock:
            grow = size - self._most
            if grow > 0:
                self._most = size
                self._queue._pool.workers = size  # noqa: SLF001  a queue cannot be asked for this yet
            rest = self._most - size
            waking, self._resting = self._resting[rest:], self._resting[:rest]
            fresh = [threading.Event() for _ in range(rest - len(self._resting))]
            self._resting += fresh
        for event in waking:
            event.set()
        for event in fresh:
            self._queue.submit(event.wait, priority=Priority.HIGH, score=-math.inf)
        if grow > 0:
            # Whatever is submitted has the queue look how many workers it may start.
            self._queue.submit(int, priority=Priority.HIGH, score=-math.inf)

    def dismiss(self) -> None:
        """Nobody rests any more: the queue is about to stop."""
        with self._lock:
            waking, self._resting = self._resting, []
        for event in waking:
            event.set()
