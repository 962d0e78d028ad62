"""How frames get out of a depot: by number, the newest, the next, or one after another."""

from __future__ import annotations

import os
import time
from typing import Literal

from rushes.depot.consumer import FrameIterator
from rushes.depot.handle import Handle
from rushes.depot.lease import Lease
from rushes.depot.waiting import SLICE_S, check_writer, next_hold, remaining

__all__ = ["Reading"]

Start = Literal["newest", "oldest"] | int


class Reading(Handle):
    """The reading half of a depot's handle."""

    def get(self, number: int) -> Lease | None:
        """The newest frame that carries this number, in memory or spilled; None when there is none."""
        hold = self._core.get(number)
        if hold is None and self._spill is not None:
            hold = self._spill.core().get(number)
        return None if hold is None else Lease(hold)

    def newest(self) -> Lease | None:
        """The frame published last; None when the depot holds none."""
        hold = self._core.newest()
        return None if hold is None else Lease(hold)

    def oldest(self) -> Lease | None:
        """The oldest frame there is, spilled ones included; None when the depot holds none."""
        hold = self._look(-1)
        return None if hold is None else Lease(hold)

    def next(self, after_sequence: int, *, timeout_s: float | None = None) -> Lease | None:
        """The oldest frame newer than ``after_sequence``: waits for one, at most ``timeout_s`` seconds (None:
        for ever; 0: not at all).

        None when the time is up. Raises WriterGone when nothing newer is left and the last process that wrote
        was killed, or the last one that had it open for writing, before it wrote anything; ClosedError when
        another thread closes this handle meanwhile.
        """
        hold = self._look(after_sequence)
        if hold is None:
            hold = next_hold(self, after_sequence, timeout_s)
        return None if hold is None else Lease(hold)

    def wait(self, after_sequence: int, timeout_s: float | None) -> bool:
        """Wait until something newer than ``after_sequence`` was published; False when ``timeout_s`` seconds
        passed first. With None it waits for ever, and raises WriterGone as :meth:`next` does; ClosedError when
        another thread closes this handle meanwhile.
        """
        core = self._core
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not core.wait(after_sequence, min(SLICE_S, remaining(until))):
            if remaining(until) <= 0:
                return False
            self._check_open()
            # Whoever gave a time gets an answer by then, and there may be another writer before that.
            if until is None:
                check_writer(self, core, after_sequence)
        return True

    async def anext(self, after_sequence: int, *, timeout_s: float | None = None) -> Lease | None:
        """As :meth:`next`, without holding up the event loop."""
        hold = self._look(after_sequence)
        if hold is None:
            hold = await self._aio.next_hold(after_sequence, timeout_s)
        return None if hold is None else Lease(hold)

    def frames(
        self, start: Start = "newest", *, lossless: bool = False, name: str | None = None
    ) -> FrameIterator:
        """An iterator, sync or async, over frames as they come; registered as a consumer from this call on.

        ``start``: "newest" begins with the newest frame there is, "oldest" with the oldest, a sequence with
        what is newer. It waits when there is none; a reader too slow for the depot skips what was dropped and
        counts it in ``missed``. ``lossless=True``: under "block" nothing it has not acknowledged may go; each
        frame is acknowledged when the next one is asked for. ``name`` is shown in ``stats()``. Close it, or
        leave its ``with`` block, to stop protecting frames. Raises DepotError when all consumer rows are
        taken; the wait raises as :meth:`next` does.
        """
        return FrameIterator(self, start, lossless=lossless, name=name)

    def ack(self, sequence: int) -> None:
        """Let frames up to ``sequence`` go, for those who read with get/next: acts on this handle's own
        lossless consumer.

        The first call registers that consumer, so ``ack(depot.head)`` or ``ack(-1)`` before reading protects
        all that follows.
        """
        with self._lock:
            if self._own_consumer is None:
                self._own_consumer = self._core.consumer_open(
                    f"ack-{os.getpid()}", True, min(sequence, self.head)
                )
        sequence = min(sequence, self.head)  # nobody has seen what is not there yet
        self._core.consumer_seen(self._own_consumer, sequence)
        self._core.consumer_ack(self._own_consumer, sequence)
