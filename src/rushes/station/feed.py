"""A source in a process of its own, used like any other source."""

from __future__ import annotations

import itertools
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.capture.records import SourceStats
from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError, RushesError, SourceLost, SourceUnavailable, WriterGone
from rushes.frame import Frame
from rushes.interfaces import SourceInfo
from rushes.lifecycle import Closeable, StopToken
from rushes.station.channel import Channel
from rushes.station.ledger import SourceCounts
from rushes.station.plan import ChannelPlan
from rushes.station.processes import Stage, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rushes.depot import Depot, FrameIterator, Lease
    from rushes.station.messages import Opened

__all__ = ["Feed"]

_TURN_S = 0.1
_POLL_S = 0.01
_END_S = 3.0
_NUMBERS = itertools.count()


class Feed(Closeable):
    """The frames of ``uri``, captured by another process into a depot, where pacing is disturbed by nobody.

    That process is restarted when it dies and ends with this one. Frames lie in the depot: zero-copy,
    read-only, as ``format``, each given back when its last view dies. Memory is ``slots`` frames, taken when
    the source opens. ``say`` gets a line for what happens to the process.

    The constructor waits up to ``open_s`` seconds for the source; it raises SourceUnavailable with the cause
    when there is none, ConfigError when the address or an option is wrong. Iterating ends with the source and
    soon after ``close``; it raises SourceLost when the process was given up. One iteration at a time.
    """

    def __init__(
        self,
        uri: str,
        *,
        fps: float | None = None,
        format: str = "i420",
        slots: int = 16,
        options: Mapping[str, bool | int | float | str] | None = None,
        open_s: float = 20.0,
        say: Callable[[str], object] = str,
    ) -> None:
        super().__init__()
        plan = ChannelPlan("feed", uri, fps, format, slots, options=dict(options or {}))
        self.name = f"feed-{os.getpid()}-{next(_NUMBERS)}"
        self._channel = Channel(plan, self.name, _nobody)
        self._say = say
        self._stop = StopToken(self.name)
        self._settled = threading.Event()
        self._turn = threading.Lock()
        self._frames: FrameIterator | None = None
        self._last = SourceStats(uri, state="opening")
        self._refused = ""
        # One thread for all of the process's life: the kernel ends it when the thread that started it ends.
        self._thread = threading.Thread(target=self._supervise, name=self.name, daemon=True)
        self._thread.start()
        self._settled.wait(open_s)
        self.info = self._describe(open_s)

    @property
    def depot(self) -> Depot:
        """Where the frames are; for other readers."""
        self._check_open()
        return self._opened()[1]

    @property
    def pids(self) -> list[int]:
        """This process and the one that captures."""
        return [os.getpid(), *(pid for pid in (self._channel.source.pid,) if pid is not None)]

    def __iter__(self) -> Iterator[Frame]:
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(f"{self._channel.shown_uri} is being iterated already: one consumer a source")
        return self._iterate()

    def stats(self) -> SourceStats:
        """The ledger: what the source offered was delivered here, lost by its process, or missed here."""
        channel, depot = self._channel, self._channel.depot
        if self.closed or depot is None:
            return replace(self._last, state="closed" if self.closed else "opening")
        try:
            self._last = self._count(depot, channel)
        except ClosedError:  # closed meanwhile by another thread
            return replace(self._last, state="closed")
        return self._last

    def _count(self, depot: Depot, channel: Channel) -> SourceStats:
        newest, stats = depot.newest(), depot.stats()
        missed, last = (0, -1) if self._frames is None else (self._frames.missed, self._frames.last)
        dropped = {**stats.dropped, **SourceCounts.of(newest).dropped, "missed": missed}
        lost = {reason: count for reason, count in dropped.items() if count}
        waiting = max(0, stats.head - last)
        return SourceStats(
            channel.shown_uri,
            offered=last + 1 - missed + waiting + sum(lost.values()),
            delivered=last + 1 - missed,
            dropped=lost,
            waiting=waiting,
            reconnects=channel.source.restarts,
            state="ended" if channel.ended else channel.state,
            backend="" if channel.opened is None else channel.opened.backend,
        )

    def _iterate(self) -> Iterator[Frame]:
        try:
            with self.depot.frames(-1, name=f"{self.name}-reader") as frames:
                self._frames = frames
                while (lease := self._next(frames)) is not None:
                    frame = _frame_of(lease)
                    del lease  # the frame's array holds it now
                    yield frame
                    del frame
        finally:
            self._turn.release()

    def _next(self, frames: FrameIterator) -> Lease | None:
        channel = self._channel
        while not self._stop.stopped:
            # Asked first, so that what the process brought before it ended is still found below.
            over = channel.ended or channel.source.failure
            try:
                if channel.depot is not None and channel.depot.wait(frames.last, _TURN_S):
                    return next(frames, None)
            except WriterGone:
                self._stop.wait(_POLL_S)  # the next process is on its way; the depot and our place stay
            except ClosedError:
                return None
            if over and channel.source.failure:
                raise SourceLost(f"{channel.shown_uri}: {channel.source.failure}", uri=channel.shown_uri)
            if over:
                return None
        return None

    def _supervise(self) -> None:
        supervisor = Supervisor(self._channel.stages, on_word=self._channel.hear, on_death=self._died)
        supervisor.start()
        try:
            while not self._stop.stopped:
                supervisor.step(_TURN_S)
                self._channel.advance(SYSTEM.monotonic_ns())
                self._channel.look(SYSTEM.monotonic_ns())
                if self._channel.settled:
                    self._settled.set()
            self._channel.stop_source()
            supervisor.see_out([self._channel.source], _END_S)
        finally:
            supervisor.close()
            self._settled.set()

    def _died(self, stage: Stage, cause: str) -> None:
        if self._channel.opened is None:
            # Waiting for what is not there is for a station; whoever opens a source wants to know.
            self._refused = cause
            self._settled.set()
        self._say(f"the capture process ended: {cause}")

    def _describe(self, open_s: float) -> SourceInfo:
        try:
            opened, depot = self._opened()
        except RushesError:
            self.close()
            raise
        height, width = depot.shape[:2] if depot.shape else (0, 0)
        if self._channel.plan.format == "i420":
            height = height // 3 * 2
        return SourceInfo(width, height, opened.fps, self._channel.plan.format)

    def _opened(self) -> tuple[Opened, Depot]:
        channel = self._channel
        if channel.opened is None or channel.depot is None:
            cause = self._refused or channel.failure or channel.source.failure or "it does not answer"
            if channel.source.wrong:
                raise ConfigError(cause.partition(": ")[2])
            raise SourceUnavailable(f"{channel.shown_uri} cannot be captured: {cause}", uri=channel.shown_uri)
        return channel.opened, channel.depot

    def _close(self) -> None:
        if self._channel.depot is not None:
            self._last = self._count(self._channel.depot, self._channel)
        self._stop.set()
        if self._frames is not None:
            self._frames.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._channel.close()


def _frame_of(lease: Lease) -> Frame:
    return Frame(lease.array, lease.number, captured_ns=lease.captured_ns, format=lease.format)


def _nobody(line: str) -> None:
    """What a channel tells users of a station: here the caller tells it."""
