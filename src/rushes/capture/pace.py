"""The loop of sources that are asked for pictures: at absolute deadlines, counting those that passed."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING

from rushes.capture.pacer import Pacer
from rushes.capture.records import SourceStats
from rushes.clock import SYSTEM
from rushes.errors import ConfigError, SourceLost
from rushes.lifecycle import Closeable, StopToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.clock import Clock
    from rushes.frame import Frame

__all__ = ["Paced"]


class Paced(Closeable):
    """Base of sources that grab when they are asked: a subclass says how, this says when.

    A subclass gives ``_grab(number) -> Frame`` and ``_release()``. Deadlines begin with the iteration; a
    deadline that passes while the consumer is busy is skipped and counted as dropped, "late". Iterating ends
    soon after ``close`` from any thread. One iteration at a time.
    """

    def __init__(self, name: str, fps: float, *, backend: str = "", clock: Clock = SYSTEM) -> None:
        super().__init__()
        self.name = name
        self.fps = fps
        self.backend = backend
        self._clock = clock
        self._stop = StopToken(name)
        Pacer(fps, 0)  # says now what is wrong with the rate
        self._turn = threading.Lock()
        # Held for the length of a grab, so that close() never takes away what one is reading from.
        self._using = threading.Lock()
        self._lost = False
        self._delivered = 0
        self._skipped = 0
        self._late = 0

    @abstractmethod
    def _grab(self, number: int) -> Frame:
        """The picture of now."""

    def _release(self) -> None:
        """Gives back what grabbing holds; no grab is under way and none will follow."""

    def __iter__(self) -> Iterator[Frame]:
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(
                f"{self.name} is being iterated already: a source has one consumer; use a depot"
            )
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        try:
            pacer = Pacer(self.fps, self._clock.monotonic_ns(), first=0)
            base = self._delivered + self._skipped
            while not self._stop.wait(pacer.wait_ns(self._clock.monotonic_ns()) / 1e9):
                tick = pacer.poll(self._clock.monotonic_ns())
                if tick is None:
                    continue  # the wait ended a moment early
                self._skipped += tick.skipped
                self._late += 2 * tick.late_ns > pacer.period_ns
                with self._using:
                    if self._stop.stopped:
                        return
                    frame = self._take(base + tick.number)
                self._delivered += 1
                yield frame
        finally:
            self._turn.release()

    def _take(self, number: int) -> Frame:
        try:
            return self._grab(number)
        except SourceLost:
            self._lost = True
            raise

    def stats(self) -> SourceStats:
        """The ledger: each deadline that came is delivered, or dropped as "late"."""
        delivered, skipped = self._delivered, self._skipped
        return SourceStats(
            self.name,
            offered=delivered + skipped,
            delivered=delivered,
            dropped={"late": skipped} if skipped else {},
            late=self._late,
            state="closed" if self.closed else "lost" if self._lost else "live",
            backend=self.backend,
        )

    def _close(self) -> None:
        self._stop.set()
        with self._using:
            self._release()
