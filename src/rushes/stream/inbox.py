"""Between a socket that must be drained and readers who may be slow: decode what is wanted, in order.

A message waits in the ring as it came, is decoded, and goes through :class:`Sorting` into the outbox. Readers decode
themselves when they wait and there is something to decode: handing a message to another thread and the picture back
costs two wake-ups, which for an idle reader are most of the delay that is not the codec's.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rushes.stream.attempts import attempt, with_pixels
from rushes.stream.freshness import Freshness
from rushes.stream.outbox import Ready
from rushes.stream.sorting import Lost, Sorting, Ticket
from rushes.wire.flow import Ring
from rushes.wire.message import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rushes.stream.outbox import Held
    from rushes.stream.records import StreamStats
    from rushes.wire.flow import Gap
    from rushes.wire.message import Header

__all__ = ["Arrival", "Inbox"]

_log = logging.getLogger("rushes.stream")
_RING_ITEMS = 8
_RING_BYTES = 128 * 1024 * 1024
_MOST_READY = 64
_PATIENCE_S = 5.0


class Arrival(Protocol):
    """A message, or a frame's place in a depot."""

    @property
    def header(self) -> Header:
        """What is said of it."""
        ...


class _Job(NamedTuple):
    ticket: Ticket
    message: Arrival


class Inbox:
    """``arrive`` from the socket's thread; ``take`` from any number of readers, each frame to one of them; ``work``
    on as many threads as shall decode besides. All of it ends with ``stop``.

    At most ``ahead`` pictures are decoded before anyone asks for them; those that build upon each other all are, one
    after the other, but only when one is taken are its pixels made.

    ``hold(True)`` is called when the next message had better not come, because its sender would rather wait than lose
    any, and ``hold(False)`` when there is room again. It is called under the lock, so that both come in the order in
    which they are meant, and may do no more than pass a word on.
    """

    def __init__(
        self,
        decode: Callable[[Any], NDArray[Any] | Held | Lost],
        *,
        ahead: int,
        hold: Callable[[bool], object] = lambda full: None,
    ) -> None:
        self._decode, self._ahead, self._hold = decode, ahead, hold
        self._epoch = 0
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._ready = threading.Condition(self._lock)
        self._ring: Ring[_Job] = Ring(_RING_ITEMS, _RING_BYTES)
        self._sorting = Sorting()
        self._freshness = Freshness()
        self._hungry = self._decoding = 0
        self._held_up = self._waits = self._chained = self._told_gap = self._stop = False

    # The socket's side.

    def arrive(self, message: Arrival) -> bool:
        """Takes a message; never waits for a reader. False when it is of no use: nobody will ever decode it."""
        header = message.header
        with self._lock:
            if self._stop:
                return False
            if header.codec == "mark":
                self._sorting.mark(header)
                self._ready.notify_all()
                return False
            ticket = self._sorting.arrive(header)
            if ticket is None:
                return False
            for gone in self._ring.put(_Job(ticket, message), max(1, header.length)):
                self._lose(gone)
            self._waits = header.waits
            self._chained = self._chained or header.codec == "h264"
            if self._hungry > self._decoding:
                self._ready.notify_all()  # not one of them: it could be somebody who only looks
            else:
                self._work.notify()
            if header.waits and not self._held_up and self._is_full():
                self._held_up = True
                self._hold(True)
            return True

    def _is_full(self) -> bool:
        """Whether the ring had better get no more: by count, or because the next could be the largest there is."""
        return len(self._ring) >= _RING_ITEMS // 2 or self._ring.bytes > _RING_BYTES - MAX_BYTES

    def refuse(self) -> None:
        """Counts a message of which no number could be read."""
        with self._lock:
            self._sorting.refused += 1

    def order(self, *, ordered: bool, max_wait_s: float) -> None:
        """By number, a missing one waited for so long; or as frames are decoded."""
        with self._lock:
            self._sorting.order(ordered=ordered, max_wait_ns=round(max_wait_s * 1e9))
            self._ready.notify_all()

    # Decoding.

    def work(self) -> None:
        """Decodes until the stop."""
        while True:
            with self._lock:
                while (job := self._next_job(hungry=False)) is None:
                    if self._stop:
                        return
                    self._work.wait()
            self._run(job)

    def _next_job(self, *, hungry: bool) -> _Job | None:
        """What is to be decoded next, if anything; by a reader that waits, or by a thread that decodes ahead."""
        if self._stop or not len(self._ring) or (self._chained and self._decoding):
            return None
        ahead = self._decoding + self._sorting.outbox.frames
        if self._chained and not self._waits:
            job = self._ring.get()
        elif not hungry and (ahead >= self._ahead or (self._freshness.slow and ahead >= self._hungry)):
            return None
        elif not self._waits and self._freshness.look(len(self._ring)):
            job, stale = self._ring.newest()
            for gone in stale:
                self._lose(gone)
        else:
            job = self._ring.get()
        self._decoding += 1
        if self._held_up and len(self._ring) < _RING_ITEMS // 4:
            self._held_up = False
            self._hold(False)
        return job

    def _run(self, job: _Job) -> None:
        result = attempt(self._decode, job.message)
        with self._lock:
            self._decoding -= 1
            self._sorting.settle(job.ticket, result, time.monotonic_ns())
            if self._chained:
                self._work.notify()
            most = _MOST_READY if self._waits else _RING_ITEMS
            if self._sorting.outbox.frames > most:
                self._sorting.outdate(keep=most, spare_first=self._told_gap)
            self._ready.notify_all()

    def _lose(self, job: _Job) -> None:
        self._sorting.settle(job.ticket, Lost("stale"), time.monotonic_ns())

    # The readers' side.

    def take(
        self,
        timeout_s: float | None,
        wanted: Callable[[Ready | Gap], bool],
        epoch: int | None = None,
    ) -> Ready | Gap | None:
        """The next that is wanted; None when none came in time, or at the stop, or since the ``epoch``. ``timeout_s``
        None: no limit.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        begun = self._epoch if epoch is None else epoch
        while True:
            with self._lock:
                self._hungry += 1
                try:
                    found, job = self._find(until, wanted, begun)
                finally:
                    self._hungry -= 1
            if job is not None:
                self._run(job)
            elif not isinstance(found, Ready):
                return found
            elif (whole := self._whole(found)) is not None:
                return whole

    def _whole(self, ready: Ready) -> Ready | None:
        """The frame with its pixels; None when they cannot be had after all."""
        made = with_pixels(ready)
        if made is None:
            with self._lock:
                self._sorting.spoil()
        return made

    def _find(
        self, until: float | None, wanted: Callable[[Ready | Gap], bool], epoch: int
    ) -> tuple[Ready | Gap | None, _Job | None]:
        sorting = self._sorting
        while not self._stop and self._epoch == epoch:
            sorting.due(time.monotonic_ns())
            frames = sorting.outbox.frames
            # Not behind a Gap: a reader who is slow with these too would get nothing else.
            if (
                self._chained
                and frames
                and not (self._waits or self._told_gap)
                and self._freshness.look(frames)
            ):
                sorting.outdate(keep=1)
            found = sorting.outbox.take(wanted)
            if found is not None:
                self._told_gap = not isinstance(found, Ready)
                sorting.delivered += isinstance(found, Ready)
                if len(self._ring):
                    self._work.notify()  # there is room to decode ahead again
                return found, None
            job = self._next_job(hungry=True)
            if job is not None:
                return None, job
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                break
            self._ready.wait(self._patience(left))
        return None, None

    def _patience(self, left_s: float | None) -> float | None:
        """How long a reader may sleep: until its time is up, or a number has been waited for long enough."""
        due_ns = self._sorting.due_ns
        if due_ns is None:
            return left_s
        due_s = max(0.0, (due_ns - time.monotonic_ns()) / 1e9) + 0.0005
        return due_s if left_s is None else min(left_s, due_s)

    def wait(self, timeout_s: float) -> bool:
        """Whether something is there to be taken, now or within that time, or the stop came."""
        with self._ready:
            return self._ready.wait_for(
                lambda: self._stop or self._sorting.outbox.frames > 0 or len(self._ring) > 0, timeout_s
            )

    # The end, and the account.

    def start(self) -> None:
        """After a stop: takes messages again."""
        with self._lock:
            self._stop = self._chained = self._held_up = False

    def stop(self) -> None:
        """Ends readers and decoders; what waits is stale."""
        with self._lock:
            self._stop = True
            self._epoch += 1
            for job in self._ring.clear():
                self._lose(job)
            self._ready.notify_all()
            self._work.notify_all()

    def settle_all(self) -> None:
        """After the stop, once the decoders have ended: nothing waits any more, nor does a reader still decode."""
        with self._ready:
            self._ready.wait_for(lambda: not self._decoding, _PATIENCE_S)
            self._sorting.end()

    @property
    def epoch(self) -> int:
        """Counts the stops: who remembers it sees whether there was one."""
        return self._epoch

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stop

    def stats(self, peers: int) -> StreamStats:
        """The counters at one moment."""
        with self._lock:
            return self._sorting.stats(len(self._ring) + self._decoding, peers)
