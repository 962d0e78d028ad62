"""Results of workers as a receiver takes them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage, CodecError, FrameError, WireError
from rushes.stream.calling import to_frame
from rushes.stream.records import StreamStats
from rushes.stream.work.session import Session
from rushes.wire.flow import Gap

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.stream.work.results import Result
    from rushes.wire.endpoint import Endpoint

__all__ = ["ResultsIn"]


class ResultsIn:
    """:class:`rushes.stream.incoming.Incoming` by way of a hub: a :class:`Session` for each start."""

    def __init__(
        self, endpoint: Endpoint, workers: int, *, keys: str | os.PathLike[str] | None, insecure: bool
    ) -> None:
        self._endpoint, self._workers, self._keys, self._insecure = endpoint, workers, keys, insecure
        self._track = endpoint.options.get("track")
        self._session: Session | None = None
        self._past = StreamStats()
        self._error: WireError | None = None
        self._lock = threading.Lock()
        self.epoch = 0

    @property
    def address(self) -> str:
        """Where it is bound, or what it is connected to."""
        session = self._session
        return session.end.address if session is not None else self._endpoint.shown

    def start(self) -> None:
        """Opens the endpoint, with its hub where it is bound."""
        self._session = Session(self._endpoint, keys=self._keys, insecure=self._insecure)

    def stop(self) -> None:
        """Ends it; what was not handed over stays in the hub."""
        with self._lock:
            session, self._session = self._session, None
            self.epoch += 1
        if session is not None:
            session.close()
            self._error = session.error
            self._past = _sum(self._past, session.stats(), over=True)

    def ended(self, epoch: int) -> bool:
        """Whether there was a stop since."""
        session = self._session
        return session is None or session.ended or self.epoch != epoch

    def wait(self, timeout_s: float) -> bool:
        """Whether something can be taken, now or within that time."""
        session = self._session
        return session is None or session.wait(timeout_s)

    def order(self, *, ordered: bool, max_wait_s: float | None) -> None:
        """In runs that begin from now on: by number, a missing one waited for so long; None: until it comes."""
        if (session := self._session) is not None:
            session.order(ordered=ordered, max_wait_s=max_wait_s)

    def take(
        self, timeout_s: float | None, *, track: str | None, gaps: bool, epoch: int
    ) -> tuple[Frame | Gap, Any] | None:
        """The next frame and what to finish; or a Gap."""
        session = self._session
        if session is None or self.epoch != epoch:
            return None
        found = session.take(timeout_s, _wanted(track or self._track, gaps))
        if found is None:
            if session.error is not None:
                raise session.error
            return None
        if isinstance(found, Gap):
            return found, None
        try:
            return to_frame(found.parcel, found.message), (session, found)
        except (BadMessage, CodecError, FrameError):
            session.finish(found, spoiled="bad")
            number = found.parcel.header.number
            lost = Gap(number, number, "bad", found.parcel.header.track)
            return (lost, None) if gaps else self.take(timeout_s, track=track, gaps=gaps, epoch=epoch)

    def finish(self, token: Any) -> None:
        """The user has it: it will not come again."""
        if token is not None:
            session, result = token
            session.finish(result)

    def stats(self) -> StreamStats:
        """The counters over all starts."""
        session = self._session
        return self._past if session is None else _sum(self._past, session.stats(), over=False)


def _wanted(track: str | None, gaps: bool) -> Callable[[Result | Gap], bool]:
    def wanted(item: Result | Gap) -> bool:
        if isinstance(item, Gap):
            return gaps and track in (None, item.track)
        return track in (None, item.parcel.header.track)

    return wanted


def _sum(past: StreamStats, now: StreamStats, *, over: bool) -> StreamStats:
    """Together; of what is ``over`` nothing waits here any more."""
    dropped = dict(past.dropped)
    for reason, count in now.dropped.items():
        dropped[reason] = dropped.get(reason, 0) + count
    return StreamStats(
        expected=past.expected + now.expected - (now.waiting if over else 0),
        delivered=past.delivered + now.delivered,
        dropped=dropped,
        waiting=0 if over else now.waiting,
        refused=past.refused + now.refused,
        duplicates=past.duplicates + now.duplicates,
        bytes=past.bytes + now.bytes,
        runs=past.runs + now.runs,
    )
