"""Results out of the hub's store, from one start to the stop after it: taken in, put in order, and acknowledged once
they were handed over.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage, ClosedError, RushesError, WireError
from rushes.stream import parcel
from rushes.stream.records import StreamStats
from rushes.stream.work.appetite import ASKED, Appetite
from rushes.stream.work.hubs import HubEnd
from rushes.stream.work.progress import HubProgress
from rushes.stream.work.results import Result, Results

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.stream.work.progress import Progress
    from rushes.wire.endpoint import Endpoint
    from rushes.wire.flow import Gap
    from rushes.wire.jet_item import Item
    from rushes.wire.jet_pull import Puller

__all__ = ["Session"]

_log = logging.getLogger("rushes.stream")
_MOST_BYTES = 256 << 20
_MOST_ITEMS = 2000
_MOST_IN_FLIGHT = 10_000
_LATER_S = 1.0
_BEAT_S = 0.6  # the hub sends again what it heard nothing of for 2 s


class Session:
    """``take`` from any number of readers, ``finish`` what was taken; ``stop`` ends the readers, ``close`` all.

    Some hundred results that lie in order are taken ahead of their readers. What is held is bounded whatever lacks:
    results beyond 256 MiB or 2000 go back to the hub for a second, unless one of them is the one that order waits
    for. No result is asked for before somebody wants one, so that it is known by then in what order.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        keys: str | os.PathLike[str] | None,
        insecure: bool,
    ) -> None:
        self.error: WireError | None = None
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._held: dict[int, Item] = {}
        self._out: dict[int, Result] = {}
        self._bytes = self._left = self._thirsty = 0
        self._appetite = Appetite()
        self._puller: Puller | None = None
        self._stop = threading.Event()
        self._keeping = threading.Lock()
        bind = endpoint.scheme == "tcp"
        self.end = HubEnd(
            endpoint, "receiver", bind=bind, keys=keys, insecure=insecure, on_event=self._on_event
        )
        try:
            self.end.link.result_stream(self.end.stream, max_in_flight=_MOST_IN_FLIGHT)
            self._progress: Progress = HubProgress(
                self.end.link, self.end.stream, over=self._stop.is_set, on_lost=self._on_lost
            )
            self._results = Results(self._progress.known_of)
        except BaseException:  # whatever it is, the hub must not stay behind
            self.end.close()
            raise
        self._beats = threading.Thread(target=self._beat, name="rushes-results", daemon=True)
        self._beats.start()

    def order(self, *, ordered: bool, max_wait_s: float | None) -> None:
        """How long a missing frame is waited for, in runs that begin from now on; None: until it comes."""
        with self._lock:
            self._results.ordered = ordered
            self._results.max_wait_ns = None if max_wait_s is None else round(max_wait_s * 1e9)

    def take(self, timeout_s: float | None, wanted: Callable[[Result | Gap], bool]) -> Result | Gap | None:
        """The next that is wanted, in order; None when none came in time, or at the stop."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._ready:
            self._begin()
            while not self._stop.is_set():
                self._results.due(time.monotonic_ns())
                found = self._results.take(wanted)
                if found is not None:
                    if isinstance(found, Result):
                        self._out[found.item.sequence] = found
                    return found
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._thirst(self._patience(left))
        return None

    def finish(self, result: Result, spoiled: str = "") -> None:
        """The user has it, or it holds no picture after all: it is not to come again."""
        with self._lock:
            if self._out.pop(result.item.sequence, None) is None:
                return  # it was in hand at the close
            if spoiled:
                self._results.spoil(spoiled)
            self._results.finish(result.parcel)
        self._keep(result.item)

    def wait(self, timeout_s: float) -> bool:
        """Whether something can be taken, now or within that time."""
        with self._ready:
            self._begin()
            return self._ready.wait_for(lambda: self._stop.is_set() or self._results.ready > 0, timeout_s)

    def stats(self) -> StreamStats:
        """The counters at this moment; before anything was asked for, of what lies in the hub."""
        with self._lock:
            if self._puller is None:
                return StreamStats(expected=self._left, waiting=self._left)
            return self._results.stats(peers=0)

    @property
    def ended(self) -> bool:
        """Whether it was stopped."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends the readers."""
        with self._ready:
            self._stop.set()
            self._ready.notify_all()

    def close(self) -> None:
        """Ends everything; what was not handed over stays in the hub. What is in hand counts as handed over: whoever
        says stop goes on with it, and it could not be told of any more.
        """
        self.stop()
        with self._lock:
            puller, out = self._puller, list(self._out.values())
            self._out.clear()
            for each in out:
                self._results.finish(each.parcel)
        if puller is not None:
            puller.close()
            self._keep(*(each.item for each in out))
        self._progress.close()
        self.end.close()
        self._beats.join()  # last, as it may be asking the hub

    def _begin(self) -> None:
        """Asks for results, once; under the lock, which the first of them waits for."""
        if self._puller is None and not self._stop.is_set():
            self._puller = self.end.link.pull_results(self.end.stream, batch=ASKED, on_item=self._on_item)

    def _thirst(self, timeout_s: float | None) -> None:
        """Waits for news, at most so long."""
        self._thirsty += 1
        try:
            self._ask_on()
            self._ready.wait(timeout_s)
        finally:
            self._thirsty -= 1

    def _on_item(self, item: Item) -> None:
        try:
            result = Result(*parcel.unpack(item.head, item.payload), item)
        except BadMessage as error:
            _log.warning("a result was refused: %s", error)
            with self._lock:
                self._results.refused += 1
                self._appetite.came()
                self._ask_on()
            item.term(str(error))
            return
        with self._ready:
            self._appetite.came()
            if item.sequence in self._held:
                pass  # it was held for so long that the hub sent it again
            elif self._full and not self._results.is_next(result.parcel):
                item.nak(_LATER_S)
            else:
                self._arrived(result)
            self._ask_on()

    def _arrived(self, result: Result) -> None:
        item = result.item
        if not self._results.arrive(result, time.monotonic_ns()):
            item.ack()
            return
        self._held[item.sequence] = item
        self._bytes += len(item.payload)
        self._ready.notify_all()

    @property
    def _full(self) -> bool:
        return self._bytes > _MOST_BYTES or len(self._held) >= _MOST_ITEMS

    def _let_go(self, item: Item) -> None:
        if self._held.pop(item.sequence, None) is not None:
            self._bytes -= len(item.payload)
        self._ask_on()

    def _ask_on(self) -> None:
        self._grant(self._appetite.due(self._results.ready, full=self._full, thirsty=self._thirsty > 0))

    def _grant(self, count: int) -> None:
        if count and self._puller is not None:
            with contextlib.suppress(ClosedError):
                self._puller.credit(count)

    def _keep(self, *done: Item) -> None:
        """Keeps how far it has come, and acknowledges after that: for a frame that is gone from the hub nobody must
        wait. A lock of its own, which none but keepers wait for, keeps the order.
        """
        with self._keeping:
            with self._lock:
                settled = self._results.settled()
            items = [*done, *(item for each in settled for item in each.items)]
            if settled or items:
                with contextlib.suppress(ClosedError):
                    self._progress.reached(settled, lambda: self._safe(items))

    def _safe(self, items: list[Item]) -> None:
        with self._lock:
            for item in items:
                self._let_go(item)
        for item in items:
            item.ack()

    def _beat(self) -> None:
        """A reader may be slow: what waits for it is not to be sent again."""
        while True:
            if self._puller is None:
                with contextlib.suppress(RushesError):  # the hub is away: it is as it was
                    self._left = self.end.link.results_left(self.end.stream)
            if self._stop.wait(_BEAT_S):
                return
            self._keep()
            with self._lock:
                items = list(self._held.values())
                if self._thirsty or not self._results.ready:
                    # Order waits for one that is still behind in the hub: it is found by going through them all.
                    self._grant(self._appetite.all())
            self.end.link.in_progress(items)

    def _patience(self, left_s: float | None) -> float | None:
        due_ns = self._results.due_ns
        if due_ns is None:
            return left_s
        due_s = min(60.0, max(0.0, (due_ns - time.monotonic_ns()) / 1e9) + 0.001)
        return due_s if left_s is None else min(left_s, due_s)

    def _on_lost(self, error: WireError) -> None:
        self.error = error
        self.stop()

    def _on_event(self, what: str, detail: Any) -> None:
        if what in ("denied", "failed"):
            self.error = detail if isinstance(detail, WireError) else WireError(str(detail))
            self.stop()
