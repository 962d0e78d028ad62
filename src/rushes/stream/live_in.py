"""What comes of a stream peer to peer: over a socket, or from a depot on the same machine."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import BadMessage, ConfigError, DepotError, UnknownName, WireError
from rushes.frame import FORMATS, Frame
from rushes.stream.decoding import decode
from rushes.stream.depot_in import DepotFeed, Descriptor
from rushes.stream.h264 import VideoDecoder
from rushes.stream.inbox import Inbox
from rushes.stream.lag import Lag
from rushes.stream.options import load_keys
from rushes.stream.outbox import Ready
from rushes.stream.relay import check_relay, is_relayed, open_in
from rushes.stream.seldom import Seldom
from rushes.stream.sorting import Lost
from rushes.wire.message import DESCRIPTOR, KEY_WANTED, PIXELS, figures_of, unpack
from rushes.wire.zmq_sub import Subscriber

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rushes.stream.inbox import Arrival
    from rushes.stream.outbox import Held
    from rushes.stream.records import StreamStats
    from rushes.wire.endpoint import Endpoint
    from rushes.wire.flow import Gap
    from rushes.wire.jet_live_in import LiveSubscriber
    from rushes.wire.keys import Keys
    from rushes.wire.message import Header, Message

__all__ = ["LiveIn"]

_log = logging.getLogger("rushes.stream")


class LiveIn:
    """The receiving side of :class:`rushes.stream.incoming.Incoming` for streams that nobody works on. ``keys`` is
    their folder.
    """

    def __init__(
        self, endpoint: Endpoint, workers: int, *, keys: str | os.PathLike[str] | None, insecure: bool
    ) -> None:
        self.name = endpoint.shown
        self._endpoint, self._workers, self._folder, self._insecure = endpoint, workers, keys, insecure
        self._keys: Keys | None = None
        self._lag = Lag()
        self._relayed = is_relayed(endpoint)
        self._relay: LiveSubscriber | None = None
        if self._relayed:
            check_relay(endpoint, keys, "viewer")
        else:
            self._keys = load_keys(keys, "client", endpoint)
        self._track = endpoint.options.get("track")
        self._video = VideoDecoder()
        self._inbox = Inbox(self._decode, ahead=workers, hold=self._hold)
        self._threads: list[threading.Thread] = []
        self._warns = Seldom()
        self._link: Subscriber | LiveSubscriber | None = None
        self._feed: DepotFeed | None = None
        self._error: WireError | None = None

    def start(self) -> None:
        """Opens the endpoint. ConfigError for one that cannot be connected to."""
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
            self.stop()
            raise

    def _open(self) -> None:
        if self._endpoint.scheme == "shm":
            self._feed = DepotFeed(self._endpoint.name, self._arrive, once=False, copy=False)
            return
        if self._relayed:
            self._link = self._relay = open_in(self._endpoint, self._folder, self._on_message, self._on_event)
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
        """Ends it, and all who wait; what waits is stale."""
        link, self._link, self._relay = self._link, None, None
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
    def address(self) -> str:
        """What it is connected to."""
        return self.name

    @property
    def epoch(self) -> int:
        """Counts the stops."""
        return self._inbox.epoch

    def ended(self, epoch: int) -> bool:
        """Whether there was a stop since."""
        return self._inbox.stopped or self._inbox.epoch != epoch

    def wait(self, timeout_s: float) -> bool:
        """Whether something can be taken, now or within that time."""
        return self._inbox.wait(timeout_s)

    def order(self, *, ordered: bool, max_wait_s: float | None) -> None:
        """By number, a missing one waited for so long; or as frames are decoded."""
        # Every link here keeps the order, so what is missing when a later number comes will never come.
        self._inbox.order(ordered=ordered, max_wait_s=max_wait_s or 0.0)

    def take(
        self, timeout_s: float | None, *, track: str | None, gaps: bool, epoch: int
    ) -> tuple[Frame | Gap, None] | None:
        """The next frame, or Gap; None when none came in time, or at the stop. AccessDenied, WireError."""
        found = self._inbox.take(timeout_s, _wanted(track, gaps), epoch)
        if found is None:
            if self._error is not None:
                raise self._error
            return None
        return (_frame(found) if isinstance(found, Ready) else found), None

    def finish(self, token: None) -> None:
        """Nothing is kept of what was taken."""

    def stats(self) -> StreamStats:
        """The counters over all starts."""
        link = self._link
        return self._inbox.stats(peers=link.peers if link is not None else 0)

    def _on_message(self, parts: list[memoryview]) -> None:
        try:
            message = unpack(parts)
            if message.header.format not in FORMATS and message.header.codec not in ("shm", "mark"):
                raise BadMessage(f"format {message.header.format[:20]!r} is no picture's")
        except BadMessage as error:
            self._inbox.refuse()
            self._warn(error)
            return
        if message.header.codec != "shm":
            self._arrive(message)
            if self._relayed and self._lag.see(message.header.sent_ns, SYSTEM.monotonic_ns()):
                self._renew()
        elif not self._relayed:
            self._follow(message.header)

    def _renew(self) -> None:
        if (relay := self._relay) is not None:
            _log.info("%s falls behind: what waits at the hub is given up", self.name)
            relay.renew()

    def _warn(self, error: BadMessage) -> None:
        if self._warns.due():
            _log.warning("%s sent what was refused: %s", self.name, error)

    def _arrive(self, message: Arrival) -> bool:
        if self._track is not None and message.header.track != self._track:
            return False
        return self._inbox.arrive(message)

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
            self._feed = DepotFeed(name, self._arrive, once=True, copy=True, start=after, behind=old)
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


def _wanted(track: str | None, gaps: bool) -> Callable[[Ready | Gap], bool]:
    if track is None:
        return _anything if gaps else _is_frame
    return lambda item: (
        item.header.track == track if isinstance(item, Ready) else gaps and item.track == track
    )


def _anything(item: Ready | Gap) -> bool:
    return True


def _is_frame(item: Ready | Gap) -> bool:
    return isinstance(item, Ready)


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
        figures=figures_of(header) if header.figures else (),
    )
