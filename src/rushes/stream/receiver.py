"""The receiving end of a stream."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import ConfigError
from rushes.frame import Frame
from rushes.lifecycle import Closeable
from rushes.stream.handler import Handler
from rushes.stream.live_in import LiveIn
from rushes.stream.options import check_count, check_seconds, is_hubbed
from rushes.wire.endpoint import parse

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from rushes.stream.incoming import Incoming
    from rushes.stream.records import StreamStats
    from rushes.wire.flow import Gap

__all__ = ["Receiver"]


class Receiver(Closeable):
    """Frames of one stream, in order, every loss counted and told.

    ``endpoint``  the streamer's: "tcp://host:5555", "ipc://name", "shm://depot" or, by way of a hub,
        "nats://host:port/stream"; "?track=a" takes that track only. ``keys`` is a folder of keys, as the streamer's,
        who may come later, go, and come again.
    ``nproc``     how many threads decode.
    ``mapreduce`` takes the results of workers: "tcp://host:port" is bound and starts a hub there, or joins the one
        that is there; "nats://host:port/stream" names a server that is there already; "shm://name" and "ipc://name" are
        for workers of this machine, without a server.

    ``start()`` opens it, ``stop()`` ends it and every iteration, and may be followed by ``start()``; ``close()`` is
    final; as a context manager it starts itself. Peer to peer, when frames are taken more slowly than they come, the
    newest is kept and those before it are counted as "stale". Results are all kept: one counts as handed over when
    the next is asked for, and comes again to another receiver when this process dies before.
    """

    def __init__(
        self,
        endpoint: str,
        nproc: int = 2,
        mapreduce: bool = False,
        *,
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        super().__init__()
        place = parse(endpoint)
        workers = check_count(nproc, "nproc")
        self.name = place.shown
        self._lock = threading.Lock()
        self._started = False
        self._in: Incoming
        if is_hubbed(place, mapreduce):
            from rushes.stream.work.results_in import ResultsIn  # loads the client of hubs, which few need

            self._in = ResultsIn(place, workers, keys=keys, insecure=insecure)
        else:
            self._in = LiveIn(place, workers, keys=keys, insecure=insecure)

    def start(self) -> Self:
        """Opens the endpoint; does nothing when it is open. ConfigError for one that cannot be used."""
        self._check_open()
        with self._lock:
            if not self._started:
                self._in.start()
                self._started = True
        return self

    def stop(self) -> None:
        """Ends the stream here and all iterations over it; frames that wait are counted as "stale"."""
        with self._lock:
            if self._started:
                self._started = False
                self._in.stop()

    @property
    def address(self) -> str:
        """The endpoint; for results the one that was bound, with the port that was found where 0 was asked for."""
        return self._in.address

    @property
    def handler(self) -> Handler:
        """The frames as dicts {arr, meta, ftime, fno, track}: to be iterated, or called with a time-out. ``ftime`` is
        the time of capture in seconds since the epoch. ConfigError before ``start()``.
        """
        self._check_started()
        taker = _Taker(self._in)
        return Handler(taker.take, taker.ended, self._in.wait)

    def frames(
        self, ordered: bool = True, max_wait_s: float | None = None, track: str | None = None
    ) -> Iterator[Frame | Gap]:
        """Waits for each next frame, or Gap in the numbers, until ``stop()``.

        ``ordered``: by number, within each run and track; else as they are decoded. A missing number is waited for
        ``max_wait_s`` at most; a link that keeps the order, as all but that of workers, shows at once what will never
        come. ``track`` takes the frames of that one only and leaves the others to other readers.
        AccessDenied when this end's keys are refused.
        """
        self._check_started()
        check_seconds(max_wait_s, "max_wait_s")
        self._in.order(ordered=ordered, max_wait_s=max_wait_s)
        return _frames(self._in, self._in.epoch, track)

    def stats(self) -> StreamStats:
        """The counters since this object was made, over all its starts."""
        return self._in.stats()

    def _check_started(self) -> None:
        self._check_open()
        if not self._started:
            raise ConfigError(f"{self._label()} is not started: start() it, or use it in a with-block")

    def __enter__(self) -> Self:
        return self.start()

    def _close(self) -> None:
        self.stop()


def _frames(source: Incoming, epoch: int, track: str | None) -> Iterator[Frame | Gap]:
    while (found := source.take(None, track=track, gaps=True, epoch=epoch)) is not None:
        try:
            yield found[0]
        finally:
            source.finish(found[1])


class _Taker:
    """Takes frames as dicts; one is finished when the next is asked for."""

    def __init__(self, source: Incoming) -> None:
        self._source, self._epoch = source, source.epoch
        self._last: Any = None

    def take(self, timeout_s: float | None) -> dict[str, Any] | None:
        last, self._last = self._last, None
        if last is not None:
            self._source.finish(last)
        found = self._source.take(timeout_s, track=None, gaps=False, epoch=self._epoch)
        if found is None or not isinstance(found[0], Frame):
            return None
        self._last = found[1]
        return _item(found[0])

    def ended(self) -> bool:
        return self._source.ended(self._epoch)


def _item(frame: Frame) -> dict[str, Any]:
    return {
        "arr": frame.array,
        "meta": frame.meta,
        "ftime": frame.captured_ns / 1e9,
        "fno": frame.number,
        "track": frame.track,
    }
