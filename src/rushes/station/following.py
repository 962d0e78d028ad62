"""A depot followed by a stage that serves all channels: for as long as the station runs, whoever fills it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.errors import ClosedError, DepotError, UnknownName, WriterGone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.depot import FrameIterator, Lease
    from rushes.lifecycle import StopToken

__all__ = ["Following", "attached"]

_LOOK_S = 0.2
_POLL_S = 0.01
_DRAIN_S = 3.0


def attached(place: str, stop: StopToken) -> Depot | None:
    """The depot called ``place``, once there is one; None at the stop.

    It is made once the source says how large its pictures are, and a camera may take its time.
    """
    while not stop.stopped:
        try:
            return Depot.attach(place, wait_s=_LOOK_S)
        except (UnknownName, DepotError):
            stop.wait(_POLL_S)
    return None


class Following:
    """The leases of a depot newer than ``start``, past the death of any process that fills it, and what the depot
    counts for this consumer, ``name``. It closes the depot in the end.

    ``lossless``: a depot that waits for its consumers waits for this one.
    """

    def __init__(self, depot: Depot, start: int, name: str, *, lossless: bool = False) -> None:
        self._depot = depot
        self._frames: FrameIterator = depot.frames(start, name=name, lossless=lossless)
        self._row = (0, 0, 0)

    @property
    def row(self) -> tuple[int, int, int]:
        """What the depot counts for this consumer: seen, missed, waiting."""
        if not self._depot.closed:
            self._look()
        return self._row

    def leases(self) -> Iterator[Lease]:
        """Waits for each next one, until :meth:`drain`; each is the taker's to release."""
        while True:
            try:
                lease = next(self._frames, None)
            except WriterGone:
                # The station's next source process is on its way; the depot and our place in it stay.
                SYSTEM.sleep(_POLL_S)
                continue
            except ClosedError:
                return
            if lease is None:
                return
            yield lease

    def skip(self) -> int:
        """Passes over what is left; how many that were."""
        head, count = self._depot.head, 0
        while self._frames.last < head:
            try:
                lease = next(self._frames, None)
            except (ClosedError, WriterGone):
                break
            if lease is None:
                break
            lease.release()
            count += 1
        return count

    def drain(self) -> None:
        """Ends the iteration once the last frame was delivered, having asked the depot what it counted."""
        until_ns = SYSTEM.monotonic_ns() + round(_DRAIN_S * 1e9)
        while self._frames.last < self._depot.head and SYSTEM.monotonic_ns() < until_ns:
            SYSTEM.sleep(_POLL_S)
        # The iterator's place and the depot's row are two stores; this is ages more than lies between them.
        SYSTEM.sleep(_POLL_S)
        self._look()
        self._frames.close()
        self._depot.close()

    def _look(self) -> None:
        for row in self._depot.stats().consumers:
            if row.name == self._frames.name and row.pid == os.getpid():
                self._row = (row.seen, row.missed, row.waiting)
