"""Reading a channel's depot and checking what comes: the demo's consumer."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import msgspec

from rushes.capture.strip import read_strip
from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.errors import ClosedError, WriterGone
from rushes.station.messages import ReaderTask, Ready, Report

if TYPE_CHECKING:
    from rushes.depot import FrameIterator, Lease
    from rushes.station.child import Link

__all__ = ["read_frames"]

_REPORT_NS = 200_000_000
# Reading a strip costs twenty times what looking at a lease does, and a fault would not hide in the frames
# between.
_STRIP_EVERY = 5
# As text about 20 bytes each: a report of them stays well within one line.
_AGES_A_REPORT = 100
_DRAIN_S = 2.0
_POLL_S = 0.01


def read_frames(task: ReaderTask, link: Link) -> None:
    """Waits for the depot, then reads until told to stop and all that was published has come."""
    link.say(Ready())
    # The depot is made once the source says how large its pictures are; a camera may take its time.
    if link.wait_for_go() is None:
        return
    with (
        Depot.attach(task.depot) as depot,
        depot.frames(task.start, name=task.name) as frames,
    ):
        link.say(Report())  # by which the station knows that this consumer has joined
        _Reading(depot, frames, link, strips=task.strips).run()


class _Reading:
    """One run of a reader, with its counts."""

    def __init__(self, depot: Depot, frames: FrameIterator, link: Link, *, strips: bool) -> None:
        self._depot = depot
        self._frames = frames
        self._link = link
        self._strips = strips
        self._seen = self._read = self._wrong = self._disordered = 0
        self._newest_number = -1
        self._ages: list[float] = []
        self._final = Report()

    def run(self) -> None:
        drain = threading.Thread(target=self._drain, name="drain", daemon=True)
        drain.start()
        due_ns = 0
        while (lease := self._next()) is not None:
            with lease:
                self._look(lease)
            now_ns = SYSTEM.monotonic_ns()
            if now_ns >= due_ns and self._link.say(self._report()):
                due_ns = now_ns + _REPORT_NS
                self._ages.clear()
        drain.join()
        self._link.say_last(
            msgspec.structs.replace(
                self._report(),
                final=True,
                depot_seen=self._final.depot_seen,
                depot_missed=self._final.depot_missed,
                depot_waiting=self._final.depot_waiting,
            )
        )

    def _next(self) -> Lease | None:
        while True:
            try:
                return next(self._frames, None)
            except WriterGone:
                # The station's next source process is on its way; the depot and our place in it stay.
                self._link.stop.wait(_POLL_S)
            except ClosedError:
                return None

    def _look(self, lease: Lease) -> None:
        self._seen += 1
        if len(self._ages) < _AGES_A_REPORT:
            self._ages.append(round((SYSTEM.wall_ns() - lease.captured_ns) / 1e9, 6))
        number = lease.number
        self._disordered += number <= self._newest_number
        self._newest_number = number
        if self._strips and self._seen % _STRIP_EVERY == 1:
            expected = number % 2**32, lease.captured_ns // 1_000_000 % 2**32
            self._read += 1
            self._wrong += read_strip(lease.array, lease.format) != expected

    def _drain(self) -> None:
        """Ends the iteration once the last frame was delivered, having asked the depot what it counted."""
        self._link.stop.wait()
        until_ns = SYSTEM.monotonic_ns() + int(_DRAIN_S * 1e9)
        while self._frames.last < self._link.head and SYSTEM.monotonic_ns() < until_ns:
            SYSTEM.sleep(_POLL_S)
        # The iterator's place and the depot's row are two stores; this is ages more than lies between them.
        SYSTEM.sleep(_POLL_S)
        for row in self._depot.stats().consumers:
            if row.name == self._frames.name and row.pid == os.getpid():
                self._final = Report(depot_seen=row.seen, depot_missed=row.missed, depot_waiting=row.waiting)
        self._frames.close()

    def _report(self) -> Report:
        return Report(
            seen=self._seen,
            read=self._read,
            wrong=self._wrong,
            disordered=self._disordered,
            ages_s=tuple(self._ages),
        )
