"""Bringing a source's frames into a channel's depot: what a capture process does.

It does nothing else, because pacing must not share an interpreter with busy threads.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from rushes.capture.pacer import Pacer
from rushes.capture.records import FillsArrays
from rushes.capture.sources import open_source
from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.errors import ClosedError, DepotFull
from rushes.frame import picture_size
from rushes.station.ledger import SourceCounts
from rushes.station.messages import Done, Opened, Trouble
from rushes.station.plan import depot_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rushes.capture.pacer import Tick
    from rushes.codecs.colour import Pixels
    from rushes.depot import Loan
    from rushes.frame import Frame
    from rushes.interfaces import Source, SourceInfo
    from rushes.station.child import Link
    from rushes.station.messages import SourceTask

__all__ = ["fill", "place"]

_LOOK_S = 0.5


def fill(task: SourceTask, link: Link) -> None:
    """Opens the source, waits for its depot, and fills that until told to stop or the source has no more.

    Goes on from the newest frame in the depot, whoever brought it, counting what was lost since. Raises what
    opening and reading the source raise.
    """
    source = open_source(task.uri, fps=task.fps, **task.options)
    link.stop.on_stop(source.close)
    try:
        with _told(source, link):
            info = source.info
            _warm(source, info, task.format)
            link.say(Opened(width=info.width, height=info.height, fps=info.fps, backend=_backend(source)))
            start_ns = link.wait_for_go()
            if start_ns is None:
                return
            with Depot.attach(task.depot, mode="rw") as depot:
                if isinstance(source, FillsArrays):
                    _Grabbing(source, depot, link, task.format, info.fps, start_ns).run()
                else:
                    _Copying(source, depot, task.format).run()
        if not link.stop.stopped:
            link.say_last(Done("the source has no more frames"))
    except ClosedError:
        if not link.stop.stopped:
            raise
    finally:
        source.close()


@contextmanager
def _told(source: Source, link: Link) -> Iterator[None]:
    """Has the station told why nothing comes, for as long as a source over a link tries again by itself."""
    if not hasattr(source, "trouble"):
        yield
        return
    over = threading.Event()

    def tell() -> None:
        told = ""
        while not over.wait(_LOOK_S):
            trouble = str(getattr(source, "trouble", ""))[:500]
            if trouble != told and link.say(Trouble(trouble)):
                told = trouble

    thread = threading.Thread(target=tell, name="trouble", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Filling:
    """What both ways of filling have in common: the counts, and getting a slot."""

    def __init__(self, depot: Depot, format: str) -> None:
        self._depot = depot
        self._format = format
        newest, stats = depot.newest(), depot.stats()
        counts = SourceCounts.of(newest)
        self._first = counts.next_tick(newest, stats)
        del newest  # a lease held for good would be a slot lost for good
        self._dropped = dict(counts.dropped)
        self._refused = sum(stats.dropped.values())

    def _loan(self) -> Loan | None:
        try:
            return self._depot.loan()
        except DepotFull:
            self._refused += 1  # the depot has counted it by its reason
            return None

    def _lose(self, reason: str, count: int) -> None:
        if count:
            self._dropped[reason] = self._dropped.get(reason, 0) + count

    def _publish(self, loan: Loan, number: int, captured_ns: int) -> None:
        counts = SourceCounts(self._refused, self._dropped)
        loan.publish(number, captured_ns=captured_ns, meta=counts.meta(), format=self._format)


class _Grabbing(_Filling):
    """A source that draws straight into a slot, at absolute deadlines."""

    def __init__(
        self, source: FillsArrays, depot: Depot, link: Link, format: str, fps: float, start_ns: int
    ) -> None:
        super().__init__(depot, format)
        self._source = source
        self._stop = link.stop
        self._interrupted = self._first > 0
        self._pacer = Pacer(fps, start_ns, first=self._first)

    def run(self) -> None:
        while not self._stop.wait(self._pacer.wait_ns(SYSTEM.monotonic_ns()) / 1e9):
            tick = self._pacer.poll(SYSTEM.monotonic_ns())
            if tick is not None:  # else the wait ended a moment early
                self._serve(tick)

    def _serve(self, tick: Tick) -> None:
        self._lose("stage down" if self._interrupted else "late", tick.skipped)
        self._interrupted = False
        loan = self._loan()
        if loan is not None:
            with loan:
                captured_ns = self._source.grab_into(loan.array, self._format, tick.number)
                self._publish(loan, tick.number, captured_ns)


class _Copying(_Filling):
    """A source that brings frames of its own at its own times.

    A frame's number counts all that the source offered before it, those it had to drop included, so that the
    numbers and the depot's counters say the same thing in two ways.
    """

    def __init__(self, source: Source, depot: Depot, format: str) -> None:
        super().__init__(depot, format)
        self._source = source
        self._taken = 0
        self._before = self._dropped

    def run(self) -> None:
        for frame in self._source:
            fresh: Mapping[str, int] = getattr(self._source.stats(), "dropped", {})
            self._dropped = dict(self._before)
            for reason, count in fresh.items():
                self._lose(reason, count)
            self._take(frame, self._first + self._taken + sum(fresh.values()))

    def _take(self, frame: Frame, number: int) -> None:
        self._taken += 1
        loan = self._loan()
        if loan is not None:
            with loan:
                place(frame, loan.array, self._format)
                self._publish(loan, number, frame.captured_ns)


def place(frame: Frame, out: Pixels, format: str) -> None:
    """Writes the frame's picture into ``out`` as ``format``.

    A picture of another size than the depot's, as when a camera was set to another, is scaled to it; an odd
    last row or column is cut off where i420 can have none.
    """
    array = frame.array
    if frame.format == format and array.shape == out.shape:
        np.copyto(out, array)
        return
    from rushes.codecs.video.scale import convert, resize

    height, width = picture_size(out.shape, format)
    high, wide = picture_size(array.shape, frame.format)
    if frame.format != "i420" and (high - height, wide - width) in {(0, 0), (0, 1), (1, 0), (1, 1)}:
        array = array[:height, :width]
    else:
        array = resize(array, frame.format, width, height)
    convert(array, frame.format, format, out)


def _warm(source: Source, info: SourceInfo, format: str) -> None:
    """Has what the first frame needs loaded and made now, while no deadline waits for it."""
    if isinstance(source, FillsArrays):
        source.grab_into(np.empty(depot_shape(info.width, info.height, format), np.uint8), format, 0)
    elif info.format != format:
        from rushes.codecs.video import scale  # noqa: F401  the first use loads the video library


def _backend(source: Source) -> str:
    return str(getattr(source.stats(), "backend", ""))
