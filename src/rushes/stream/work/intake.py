"""Frames that were fetched, waiting for whoever works on them."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.stream.work.held import Work

__all__ = ["Intake"]


class Intake:
    """Bounded by whoever puts: no more are fetched than were asked for. ``end`` ends all waits that began before."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._works: deque[Work] = deque()
        self.epoch = 0

    def put(self, work: Work) -> None:
        """Adds one."""
        with self._ready:
            self._works.append(work)
            self._ready.notify()

    def take(
        self, timeout_s: float | None, epoch: int, *, broken: Callable[[], bool] = lambda: False
    ) -> Work | None:
        """The oldest; None when none came in time, at an ``end`` since the ``epoch``, or once it is ``broken``."""
        with self._ready:
            self._ready.wait_for(lambda: self._works or self.epoch != epoch or broken(), timeout_s)
            return self._works.popleft() if self._works and self.epoch == epoch else None

    def wait(self, timeout_s: float) -> bool:
        """Whether there is one, now or within that time, or the end came."""
        epoch = self.epoch
        with self._ready:
            return self._ready.wait_for(lambda: bool(self._works) or self.epoch != epoch, timeout_s)

    def wake(self) -> None:
        """Has all who wait look again."""
        with self._ready:
            self._ready.notify_all()

    def end(self) -> None:
        """Ends all waits; what is in it is somebody else's to give back."""
        with self._ready:
            self.epoch += 1
            self._works.clear()
            self._ready.notify_all()
