"""The receiving end of a stream."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import BadMessage, ConfigError, DepotError, UnknownName, WireError
from rushes.frame import FORMATS, Frame
from rushes.lifecycle import Closeable
from rushes.stream.decoding import decode
from rushes.stream.depot_in import DepotFeed, Descriptor
from rushes.stream.h264 import VideoDecoder
from rushes.stream.handler import Handler
from rushes.stream.inbox import Inbox
from rushes.stream.options import check_count, check_seconds, load_keys, local_endpoint
from rushes.stream.outbox import Ready
from rushes.stream.sorting import Lost
from rushes.wire.message import DESCRIPTOR, KEY_WANTED, PIXELS, figures_of, unpack
from rushes.wire.zmq_sub import Subscriber

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from rushes.stream.inbox import Arrival
    from rushes.stream.outbox import Held
    from rushes.stream.records import StreamStats
    from rushes.wire.flow import Gap
    from rushes.wire.message import Header, Message

__all__ = ["Receiver"]

_log = logging.getLogger("rushes.stream")
_WARN_EACH_S = 5.0


class Receiver(Closeable):
    """Frames of one stream, in order, every loss counted and told.

    ``endpoint``  the streamer's: "tcp://host:5555", "ipc://name" or "shm://depot"; "?track=a" takes that track only.
        The streamer may come later, go, and come again. ``keys`` is a folder of keys, as the streamer's.
    ``nproc``     how many threads decode.

    ``start()`` opens it, ``stop()`` ends it and every iteration, and may be followed by ``start()``; ``close()`` is
    final; as a context manager it starts itself. When frames are taken more slowly than they come, the newest
    is kept and those before it are counted as "stale".
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
        self._endpoint = local_endpoint(endpoint, mapreduce)
        self._workers = check_count(nproc, "nproc")
        self._keys = load_keys(keys, "client", self._endpoint)
        self._insecure = insecure
        self.name = self._endpoint.shown
        self._track = self._endpoint.options.get("track")
        self._lock = threading.Lock()
        self._video = VideoDecoder()
        self._inbox = Inbox(self._decode, ahead=self._workers, hold=self._hold)
        self._threads: list[threading.Thread] = []
        self._started = False
        self._warn_again_s = 0.0
        self._link: Subscriber | None = None
        self._feed: DepotFeed | None = None
        self._error: WireError | None = None

    def start(self) -> Self:
        """Opens the endpoint; does nothing when it is open. ConfigError for one that cannot be connected to."""
        self._check_open()
        with self._lock:
            if self._started:
                return self
            self._error = None
            self._inbox.start()
            self._threads = [
                threading.Thread(target=self._inbox.work, name=f"rushes-decode {self.name}", daemon=True)
                for _ in range(self._workers)
            ]
            for thread in self._threads:
                thread.start()
            try:
                self._open()
            except BaseException:  # whatever it is, the threads must not stay behind
                self._end()
                raise
            self._started = True
        return self

    def _open(self) -> None:
        if self._endpoint.scheme == "shm":
            self._feed = DepotFeed(self._endpoint.name, self._arrive, once=False, copy=False)
            return
        near = self._endpoint.loopback and self._endpoint.options.get("shm", "yes") == "yes"
        self._link = Subscriber(
            self._endpoint,
            (DESCRIPTOR if near else PIXELS,),
            keys=self._keys,
            insecure=self._insecure,
            hwm=int(self._endpoint.options.get("hwm", 4)),
            on_message=self._on_message,
            on_event=self._on_event,
        )

    def stop(self) -> None:
        """Ends the stream here and all iterations over it; frames that wait are counted as "stale"."""
        with self._lock:
            self._started = False
            self._end()

    def _end(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()
        self._inbox.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._threads = []
        self._inbox.settle_all()
        self._video.clear()

    @property
    def handler(self) -> Handler:
        """The frames as dicts {arr, meta, ftime, fno, track}: to be iterated, or called with a time-out. ``ftime`` is
        the time of capture in seconds since the epoch. ConfigError before ``start()``.
        """
        self._check_started()
        epoch = self._inbox.epoch
        return Handler(
            lambda timeout_s: self._take_item(timeout_s, epoch),
            lambda: self._inbox.stopped or self._inbox.epoch != epoch,
            self._inbox.wait,
        )

    def frames(
        self, ordered: bool = True, max_wait_s: float | None = None, track: str | None = None
    ) -> Iterator[Frame | Gap]:
        """Waits for each next frame, or Gap in the numbers, until ``stop()``.

        ``ordered``: by number, within each run and track; else as they are decoded. A missing number is waited for
        ``max_wait_s`` at most; a link that keeps the order, as tcp, ipc and shm do, shows at once what will never
        come. ``track`` takes the frames of that one only and leaves the others to other readers.
        AccessDenied when this end's keys are refused.
        """
        self._check_started()
        check_seconds(max_wait_s, "max_wait_s")
        self._inbox.order(ordered=ordered, max_wait_s=max_wait_s or 0.0)
        return self._iterate(_of_track(track), self._inbox.epoch)

    def stats(self) -> StreamStats:
        """The counters since this object was made, over all its starts."""
        link = self._link
        return self._inbox.stats(peers=link.peers if link is not None else 0)

    def _iterate(self, wanted: Callable[[Ready | Gap], bool], epoch: int) -> Iterator[Frame | Gap]:
        while True:
            found = self._take(None, wanted, epoch)
            if found is None:
                return
            yield _frame(found) if isinstance(found, Ready) else found

    def _take(
        self, timeout_s: float | None, wanted: Callable[[Ready | Gap], bool], epoch: int
    ) -> Ready | Gap | None:
        found = self._inbox.take(timeout_s, wanted, epoch)
        if found is None and self._error is not None:
            raise self._error
        return found

    def _take_item(self, timeout_s: float | None, epoch: int) -> dict[str, Any] | None:
        found = self._take(timeout_s, _is_frame, epoch)
        return _item(found) if isinstance(found, Ready) else None

    def _check_started(self) -> None:
        self._check_open()
        if not self._started:
            raise ConfigError(f"{self._label()} is not started: start() it, or use it in a with-block")

    def _on_message(self, parts: list[memoryview]) -> None:
        try:
            message = unpack(parts)
            if message.header.format not in FORMATS and message.header.codec not in ("shm", "mark"):
                raise BadMessage(f"format {message.header.format[:20]!r} is no picture's")
        except BadMessage as error:
            self._inbox.refuse()
            self._warn(error)
            return
        if message.header.codec == "shm":
            self._follow(message.header)
        else:
            self._arrive(message)

    def _warn(self, error: BadMessage) -> None:
        """Not of each: a peer that sends nothing but nonsense must not fill the disk with it."""
        if (now_s := time.monotonic()) >= self._warn_again_s:
            self._warn_again_s = now_s + _WARN_EACH_S
            _log.warning("%s sent what was refused: %s", self.name, error)

    def _arrive(self, message: Arrival) -> None:
        if self._track is not None and message.header.track != self._track:
            return
        self._inbox.arrive(message)

    def _decode(self, message: Message | Descriptor) -> NDArray[Any] | Held | Lost:
        if isinstance(message, Descriptor):
            return message.pixels()
        if message.header.codec != "h264":
            return decode(message)
        held = self._video.feed(message)
        if self._video.wants_key(time.monotonic()) and (link := self._link) is not None:
            link.send_up(KEY_WANTED)
        return Lost("bad") if held is None else held

    def _hold(self, full: bool) -> None:
        if (link := self._link) is not None:
            link.pause(full)

    def _follow(self, header: Header) -> None:
        """The streamer says where on this machine its pixels are. If we cannot look there, it has to send them."""
        name, after, old = header.meta.get("depot"), header.meta.get("after"), self._feed
        if old is not None and old.name == name and old.alive:
            return
        if old is not None and old.queued:
            self._inbox.refuse()  # a streamer has one depot, and changes it when it has left the one before
            return
        try:
            if not isinstance(name, str) or not name or type(after) is not int or after < -1:
                raise UnknownName("no depot was named")
            self._feed = DepotFeed(
                name, self._arrive, once=True, copy=True, start=after, behind=old if old is not None else None
            )
        except (DepotError, ConfigError) as error:
            _log.info("%s: frames come over the network: %s", self.name, error)
            if (link := self._link) is not None:
                link.change(PIXELS, wanted=True)
                link.change(DESCRIPTOR, wanted=False)

    def _on_event(self, what: str, detail: Any) -> None:
        if what == "denied" or what == "failed":
            self._error = detail if isinstance(detail, WireError) else WireError(str(detail))
            self._inbox.stop()
        elif what == "cut":
            self._inbox.refuse()

    def __enter__(self) -> Self:
        return self.start()

    def _close(self) -> None:
        self.stop()


def _is_frame(item: Ready | Gap) -> bool:
    return isinstance(item, Ready)


def _of_track(track: str | None) -> Callable[[Ready | Gap], bool]:
    if track is None:
        return lambda item: True
    return lambda item: (item.header.track if isinstance(item, Ready) else item.track) == track


def _frame(ready: Ready) -> Frame:
    header = ready.header
    return Frame(
        ready.array,
        header.number,
        captured_ns=header.captured_ns,
        format=header.format,
        channel=header.stream,
        track=header.track,
        meta=header.meta,
        figures=figures_of(header),
    )


def _item(ready: Ready) -> dict[str, Any]:
    header = ready.header
    return {
        "arr": ready.array,
        "meta": dict(header.meta),
        "ftime": header.captured_ns / 1e9,
        "fno": header.number,
        "track": header.track,
    }
