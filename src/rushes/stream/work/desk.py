"""Where a worker's frames come in and its results go out: nothing is done with before its result is safe."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.errors import (
    AccessDenied,
    BadMessage,
    ClosedError,
    ConfigError,
    DeadlineExceeded,
    RushesError,
    WireError,
)
from rushes.stream import parcel
from rushes.stream.work.given_out import GivenOut
from rushes.stream.work.held import Held, Work
from rushes.stream.work.hubs import HubEnd, same_place
from rushes.wire.jet_names import result_subject

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.metrics import Edge
    from rushes.stream.work.links import Confirmation, Item, WorkLink
    from rushes.wire.endpoint import Endpoint

__all__ = ["TRIES", "Desk"]

_log = logging.getLogger("rushes.stream")
TRIES = 5
"""After so many failures a frame is given up, and the receiver told, unless a worker is told otherwise."""
_FIRST_S, _MOST_S = 0.05, 2.0
_SLICE_S, _SAFE_S = 0.1, 1.0
_QUALITY = 80


_Sending = tuple[Work, parcel.Parcel, Any]


class Desk:
    """The links to both hubs, and what is between. ``on_work`` is called on the source's thread and must be quick.

    Of each frame one of ``done``, ``skip``, ``failed`` and ``again`` is called, from any thread. Results go out on a
    thread of their own, since a full drain is waited for.
    """

    def __init__(
        self,
        source: Endpoint,
        drain: Endpoint,
        track: str,
        *,
        ahead: int,
        keys: str | os.PathLike[str] | None,
        insecure: bool,
        edge: Edge,
        on_work: Callable[[Work], object],
        on_error: Callable[[WireError], object],
    ) -> None:
        self._track, self._edge, self._on_work, self._on_error = track, edge, on_work, on_error
        self.tries = TRIES
        self._error: WireError | None = None
        self._closing = False
        self._results: deque[_Sending] = deque()
        self._later: list[_Sending] = []
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self.given = GivenOut()
        self._in = HubEnd(source, "worker", bind=False, keys=keys, insecure=insecure, on_event=self._on_event)
        self._out = self._in
        try:
            if not same_place(drain, source):
                self._out = HubEnd(
                    drain, "worker", bind=False, keys=keys, insecure=insecure, on_event=self._on_event
                )
            self._out.join_as_drain(track, self._in)
        except BaseException:  # whatever it is, no link must stay behind
            self._close_ends()
            raise
        self._held = Held(self._in.name)
        self._subject = result_subject(self._out.stream, track)
        self._granted = ahead
        self._thread = threading.Thread(
            target=self._run, name=f"rushes-results {self._out.name}", daemon=True
        )
        self._thread.start()
        with self._lock:  # the first frame may be there before this returns
            self._puller = self._in.link.pull(self._in.stream, track, batch=ahead, on_item=self._on_item)

    @property
    def quality(self) -> int | None:
        """That of the JPEGs in which pictures go to the drain; None where they go as they are."""
        return None if self._out.near else _QUALITY

    @property
    def held(self) -> Held:
        """The frames that are being worked on."""
        return self._held

    def grant(self, procs: int) -> None:
        """So many work at once: as many more are fetched ahead."""
        if procs + 1 > self._granted:
            self._credit(procs + 1 - self._granted)
            self._granted = procs + 1

    @property
    def over(self) -> bool:
        """Whether the work has ended for good."""
        return self._error is not None

    @property
    def away(self) -> tuple[str, ...]:
        """The hubs to which there is no connection now."""
        return tuple(dict.fromkeys(end.name for end in (self._in, self._out) if not end.up))

    def check(self) -> None:
        """Raises what ended the work for good, if anything did."""
        if self._error is not None:
            raise self._error

    def done(self, work: Work, made: parcel.Parcel, payload: Any) -> None:
        """The work has this result. Done with when that is safe."""
        self.given.forget(work)
        with self._ready:
            self._results.append((work, parcel.on_track(made, self._track), payload))
            self._ready.notify()

    def skip(self, work: Work) -> None:
        """There will be no result; nothing when it has one already."""
        if self.given.has(work):
            self._edge.drop("skipped")
            work.counted = True
            self.done(work, parcel.tombstone(work.parcel, "skipped"), b"")

    def failed(self, work: Work, why: str) -> None:
        """It could not be done: tried again a little later, and given up after ``tries`` times."""
        self.given.forget(work)
        if work.item.deliveries >= self.tries:
            _log.error("frame %d is given up: %s", work.parcel.header.number, why)
            self._edge.drop("error")
            work.counted = True
            self.done(work, parcel.tombstone(work.parcel, "error", why), b"")
            return
        _log.warning("frame %d will be tried again: %s", work.parcel.header.number, why)
        self.again(work, min(_MOST_S, _FIRST_S * 2 ** (work.item.deliveries - 1)))

    def again(self, work: Work, delay_s: float = 0.0) -> None:
        """It goes back to the hub, for anybody."""
        self.given.forget(work)
        if self._held.drop(work):
            self._given_back(work)
            work.item.nak(delay_s)
            self._next_one(work)

    def close(self) -> None:
        """What is not done goes back; results that are on their way have a moment to become safe."""
        self._puller.close()
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        self._thread.join()
        until = time.monotonic() + _SAFE_S
        while self._out.link.unconfirmed and time.monotonic() < until:
            time.sleep(_SLICE_S / 10)
        for work in self._held.close():
            self._given_back(work)
        self._close_ends()

    def _close_ends(self) -> None:
        self._out.close()
        if self._out is not self._in:
            self._in.close()

    def _on_item(self, item: Item) -> None:
        try:
            made, message = parcel.unpack(item.head, item.payload)
        except BadMessage as error:
            _log.warning("a frame was refused: %s", error)
            item.term(str(error))
            self._credit()
            return
        work = Work(item, made, message)
        if not self._held.add(work):
            self._credit()
            return
        self._edge.offer()
        if made.outcome != "frame":
            self.done(work, made, b"")
        elif item.deliveries > self.tries:
            # Whoever had it the last time died with it, and could not say so.
            self.failed(work, f"{self.tries} workers ended while they worked on it")
        else:
            self._on_work(work)

    def _given_back(self, work: Work) -> None:
        if not work.counted:
            self._edge.drop("again")

    def _run(self) -> None:
        while (sending := self._next()) is not None:
            self._publish(*sending)

    def _next(self) -> _Sending | None:
        with self._ready:
            while not self._results and not self._closing:
                if self._later:
                    self._ready.wait(_SLICE_S)
                    self._results += self._later
                    self._later.clear()
                else:
                    self._ready.wait()
            return self._results.popleft() if self._results else None

    def _publish(self, work: Work, made: parcel.Parcel, payload: Any) -> None:
        message_id = parcel.result_id(self._out.stream, made.header.run, self._track, made.index)
        sending = (work, made, payload)
        try:
            ticket = self._ticket(message_id, parcel.pack(made), payload)
        except RushesError as error:
            self._sent(sending, error)
        else:
            if ticket is not None:
                if self._out.near:
                    self._made(work)
                ticket.on_done(lambda error: self._sent(sending, error))

    def _ticket(self, message_id: str, head: bytes, payload: Any) -> Confirmation | None:
        """None at the close, when there was no room until then: the frame goes back with all others."""
        while True:
            with contextlib.suppress(DeadlineExceeded):
                link: WorkLink = self._out.link
                return link.publish(
                    self._subject, message_id, head, payload, timeout_s=_SLICE_S, wait_full=True
                )
            if self._closing:
                return None

    def _sent(self, sending: _Sending, error: RushesError | None) -> None:
        work = sending[0]
        if error is None:
            work.item.ack()
            if self._held.drop(work):
                if not work.counted:
                    self._edge.deliver()
                self._next_one(work)
        elif isinstance(error, ConfigError):
            self.failed(work, str(error))
        elif isinstance(error, ClosedError | AccessDenied):
            self.again(work, _FIRST_S)
        else:
            # Kept, and not given back: each time that the hub deals it out counts as a try that failed.
            _log.warning("the result of frame %d must wait: %s", work.parcel.header.number, error)
            with self._ready:
                self._later.append(sending)
                self._ready.notify()

    def _made(self, work: Work) -> None:
        """Its result may wait long for its turn at the receiver: for one that is missing, which needs a worker."""
        if self._in.near:
            work.item.made()
        self._next_one(work)

    def _next_one(self, work: Work) -> None:
        """One more may come in its place, once."""
        with self._lock:
            replaced, work.replaced = work.replaced, True
        if not replaced:
            self._credit()

    def _credit(self, count: int = 1) -> None:
        with self._lock:
            puller = self._puller
        with contextlib.suppress(ClosedError):
            puller.credit(count)

    def _on_event(self, what: str, detail: Any) -> None:
        if what in ("denied", "failed"):
            self._error = detail if isinstance(detail, WireError) else WireError(str(detail))
            self._on_error(self._error)
