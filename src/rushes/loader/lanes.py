"""The queues of one loader from one stop to the next."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from rushes.jobs import JobQueue, Priority

if TYPE_CHECKING:
    from rushes.jobs import Handle

__all__ = ["Lanes"]


class Lanes:
    """Two queues: ``loads``, held until the start, and ``kept``, where images from the cache pass them by.

    A kept image needs no load, so it must not wait until a worker has finished one. Calling back from within
    the request was rejected: a callback would then run under whatever locks its caller holds.
    """

    def __init__(self, workers: int, *, started: bool) -> None:
        self.loads = JobQueue(workers, name="loader")
        self.kept = JobQueue(1, name="loader-kept")
        self._go = threading.Event()
        # Until the start every worker is busy with waiting, so that what is submitted stays in its order.
        # A list of the loader's own was rejected: callers would get handles that are none of the queue's.
        held = () if started else range(workers)
        self._held = [self.loads.submit(self._go.wait, priority=Priority.HIGH, score=-math.inf) for _ in held]
        if started:
            self._go.set()

    @property
    def started(self) -> bool:
        """Whether loads may run."""
        return self._go.is_set()

    def start(self) -> None:
        """Lets the workers go on."""
        self._go.set()

    def stop(self) -> None:
        """Ends every handle and every thread."""
        self.loads.cancel(where=_is_request)  # first, or a worker that is let go would begin with one
        self._go.set()
        self.loads.stop()
        self.kept.stop()

    def living(self) -> int:
        """Handles of requests that have not ended."""
        held = sum(not handle.done() for handle in self._held)
        both = (self.loads.stats(), self.kept.stats())
        return max(0, sum(each.waiting + each.running for each in both) - held)


def _is_request(handle: Handle) -> bool:
    return handle.key is not None
