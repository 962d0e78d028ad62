"""What the processes of a station do: one draws a card into a depot, others read it and check what they
get.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import TYPE_CHECKING

import msgspec

from rushes.capture.pacer import Pacer
from rushes.capture.strip import read_strip
from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.errors import ClosedError, DepotFull, WriterGone
from rushes.station.child import Link
from rushes.station.ledger import CardCounts
from rushes.station.messages import CardTask, Failed, ReaderTask, Ready, Report

if TYPE_CHECKING:
    from rushes.capture import TestCard
    from rushes.depot import FrameIterator, Lease

__all__ = ["main"]

_REPORT_NS = 200_000_000
# Reading a strip costs twenty times what looking at a lease does, and a fault would not hide in the frames
# between.
_STRIP_EVERY = 5
# As text about 20 bytes each: a report of them stays well within one line.
_AGES_A_REPORT = 100
_DRAIN_S = 2.0
_POLL_S = 0.01


def main(argument: str) -> int:
    """Does the task given as JSON; returns the exit code."""
    task = msgspec.json.decode(argument, type=CardTask | ReaderTask)
    sys.argv[0] = task.name  # by which the depot will show this process
    link = Link(task.parent)
    try:
        if isinstance(task, CardTask):
            draw_card(task, link)
        else:
            read_frames(task, link)
    except Exception as error:  # noqa: BLE001  whatever it was, the parent has to learn the cause
        traceback.print_exc(file=sys.stderr)
        link.say_last(Failed(f"{type(error).__name__}: {error}"[:1000]))
        return 1
    return 0


def draw_card(task: CardTask, link: Link) -> None:
    """Draws until told to stop. Goes on from the newest frame in the depot, counting what was not drawn
    since.
    """
    from rushes.capture.testcard import TestCard  # draws text, which a reader need not load

    card = TestCard(task.width, task.height, task.fps, task.format)
    with Depot.attach(task.depot, mode="rw") as depot:
        link.say(Ready())
        start_ns = link.wait_for_go()
        if start_ns is not None:
            _Drawing(card, depot, link, start_ns).run()


class _Drawing:
    """One run of a card."""

    def __init__(self, card: TestCard, depot: Depot, link: Link, start_ns: int) -> None:
        self._card = card
        self._depot = depot
        self._link = link
        newest, stats = depot.newest(), depot.stats()
        counts = CardCounts.of(newest)
        first = counts.next_tick(newest, stats)
        del newest  # a lease held for good would be a slot lost for good
        self._late, self._down = counts.late, counts.down
        self._refused = sum(stats.dropped.values())
        self._interrupted = first > 0
        self._pacer = Pacer(card.fps, start_ns, first=first)

    def run(self) -> None:
        while not self._link.stop.wait(self._pacer.wait_ns(SYSTEM.monotonic_ns()) / 1e9):
            tick = self._pacer.poll(SYSTEM.monotonic_ns())
            if tick is None:
                continue  # the wait ended a moment early
            if self._interrupted:
                self._down += tick.skipped
            else:
                self._late += tick.skipped
            self._interrupted = False
            self._draw(tick.number)

    def _draw(self, number: int) -> None:
        try:
            loan = self._depot.loan()
        except DepotFull:
            self._refused += 1  # the depot has counted it by its reason
            return
        with loan:
            now_ns = SYSTEM.wall_ns()
            self._card.draw(loan.array, number, now_ns)
            counts = CardCounts(self._late, self._down, self._refused)
            loan.publish(number, captured_ns=now_ns, meta=counts.meta(), format=self._card.format)


def read_frames(task: ReaderTask, link: Link) -> None:
    """Reads until told to stop and all that was published has come."""
    with (
        Depot.attach(task.depot) as depot,
        depot.frames(task.start, name=task.name) as frames,
    ):
        link.say(Ready())
        _Reading(depot, frames, link).run()


class _Reading:
    """One run of a reader, with its counts."""

    def __init__(self, depot: Depot, frames: FrameIterator, link: Link) -> None:
        self._depot = depot
        self._frames = frames
        self._link = link
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
                # The station's next card process is on its way; the depot and our place in it stay.
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
        if self._seen % _STRIP_EVERY == 1:
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
