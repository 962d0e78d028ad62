"""The source over a link that may break: newest frames, a watchdog, and coming back."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from rushes.capture.link import Link
from rushes.capture.reconnect import Reconnect
from rushes.capture.records import SourceStats
from rushes.capture.thin import Thinner
from rushes.clock import SYSTEM
from rushes.errors import ConfigError, RushesError, SourceError, SourceLost, SourceUnavailable
from rushes.frame import Frame, picture_size
from rushes.interfaces import SourceInfo
from rushes.lifecycle import Closeable, StopToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.capture.link import Feed
    from rushes.codecs.video.media import MediaInfo, Picture

__all__ = ["LiveSource"]

# Readers that hang in a read and cannot be interrupted are left behind; beyond so many, a new one waits.
_LEFT_BEHIND = 3

# How long a close waits for its keeper, which never waits for a reader.
_PATIENCE_S = 2.0


class _Changed(SourceLost):
    """Coming back would not help: the pictures are others now."""


class LiveSource(Closeable):
    """The newest frames of a link that may break, numbered from 0 as they are delivered. Each owns its pixels.

    A thread decodes all that comes and keeps the newest ``keep`` frames; older ones that nobody took are
    dropped as "stale", what cannot be decoded soundly as "damaged", what exceeds ``fps`` as "rate".
    ``captured_ns`` is when the frame had been decoded.

    A link that breaks off, ends, or brings no frame for ``stall_s`` seconds is lost. With ``reconnect`` it
    is tried again after 0.25 s, then after twice as long each time up to 4 s, and iterating goes on; ``info``
    and iterating wait for the first opening, at most ``wait_s`` seconds (None: until closed), then raise
    SourceUnavailable. Without, iterating raises SourceLost, and a first opening that fails raises
    SourceUnavailable from the constructor. One try at opening may take ``open_timeout_s``.

    SourceLost also when the pictures come back in another size or format. No message, statistic or name
    holds a password. ``close`` may come from any thread; iterating then ends at once. One iteration at a time.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        fps: float | None = None,
        reconnect: bool = True,
        stall_s: float = 5.0,
        open_timeout_s: float = 10.0,
        wait_s: float | None = None,
        keep: int = 1,
    ) -> None:
        super().__init__()
        for option, value in (("stall_s", stall_s), ("open_timeout_s", open_timeout_s), ("keep", keep)):
            if not value > 0:
                raise ConfigError(f"{option} is {value}; give a number above 0", option=option)
        self.name = feed.name
        self._feed = feed
        self._fps = fps
        self._again = reconnect
        self._stall_s = stall_s
        self._open_timeout_s = open_timeout_s
        self._wait_s = wait_s
        self._thinner = Thinner(fps)
        self._stop = StopToken(self.name)
        self._turn = threading.Lock()
        self._change = threading.Condition()
        self._slot: deque[tuple[Picture, int]] = deque()
        self._keep = keep
        self._phase = Reconnect()
        self._info: SourceInfo | None = None
        self._failure: RushesError | None = None
        self._last: RushesError | None = None
        self._offered = self._delivered = 0
        self._dropped = dict.fromkeys(("stale", "rate", "damaged", "closed"), 0)
        self._link: Link | None = None
        self._damage = 0  # of the links before this one
        self._left: list[Link] = []
        self._thread = threading.Thread(target=self._keep_up, name=f"rushes live {self.name}", daemon=True)
        self._thread.start()
        if not reconnect:
            try:
                _ = self.info
            except BaseException:  # whatever it is, nothing goes on behind the caller's back
                self.close()
                raise

    @property
    def info(self) -> SourceInfo:
        """Waits for the first opening; see the class for what it raises and when."""
        with self._change:
            self._change.wait_for(lambda: self._info or self._failure or self.closed, self._wait_s)
            if self._info is not None:
                return self._info
            failure, last = self._failure, self._last
        self._check_open()
        if failure is not None:
            raise failure
        raise SourceUnavailable(
            f"{self.name} gave nothing for {self._wait_s:g} s{f': {last}' if last else ''}", uri=self.name
        )

    def __iter__(self) -> Iterator[Frame]:
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(f"{self.name} is being iterated already: a source has one consumer")
        return self._frames()

    def stats(self) -> SourceStats:
        """The ledger: each picture that came was delivered, dropped or waits. ``backend`` tells of readers
        left behind in a read that hangs."""
        with self._change:
            counts = {**self._dropped, "damaged": self._dropped["damaged"] + self._damaged()}
            dropped = {reason: count for reason, count in counts.items() if count}
            waiting, left = len(self._slot), sum(each.running for each in self._left)
            return SourceStats(
                self.name,
                offered=self._offered + self._damaged(),
                delivered=self._delivered,
                dropped=dropped,
                waiting=waiting,
                reconnects=self._phase.reconnects,
                state=self._phase.state,
                backend=f"{left} stalled readers left behind" if left else "",
            )

    def _frames(self) -> Iterator[Frame]:
        try:
            _ = self.info
            while (frame := self._take()) is not None:
                yield frame
        finally:
            self._turn.release()

    def _take(self) -> Frame | None:
        with self._change:
            self._change.wait_for(
                lambda: self._slot or self._failure or self._stop.stopped or self._phase.state == "ended"
            )
            if self._stop.stopped:
                return None
            if self._slot:
                picture, captured_ns = self._slot.popleft()
                number = self._delivered
                self._delivered += 1
                return Frame(picture.array, number, captured_ns=captured_ns, format=picture.format)
            if self._failure is not None:
                raise self._failure
            return None

    def _damaged(self) -> int:
        return self._damage + (self._link.damaged if self._link is not None else 0)

    def opened(self, link: Link, info: MediaInfo) -> None:
        """For the link's thread."""
        with self._change:
            if link is not self._link or self._stop.stopped:
                return
            own = info.fps if self._fps is None else min(self._fps, info.fps or self._fps)
            fresh = SourceInfo(info.width, info.height, own, info.native_format)
            if self._info is None:
                self._info = fresh
            self._same(fresh)
            self._change.notify_all()

    def came(self, link: Link, picture: Picture, captured_ns: int) -> None:
        """For the link's thread."""
        height, width = picture_size(picture.array.shape, picture.format)
        with self._change:
            if link is not self._link or self._stop.stopped:
                return
            self._same(SourceInfo(width, height, 0.0, picture.format))
            self._phase.frame()
            self._offered += 1
            if picture.corrupt:
                self._dropped["damaged"] += 1
            elif not self._thinner.wants(captured_ns):
                self._dropped["rate"] += 1
            else:
                self._slot.append((picture, captured_ns))
                if len(self._slot) > self._keep:
                    self._slot.popleft()
                    self._dropped["stale"] += 1
            self._change.notify_all()

    def over(self, link: Link) -> None:
        """For the link's thread."""
        with self._change:
            self._change.notify_all()

    def _same(self, fresh: SourceInfo) -> None:
        known = self._info
        if known is None or (fresh.width, fresh.height, fresh.format) == (
            known.width,
            known.height,
            known.format,
        ):
            return
        raise _Changed(
            f"{self.name} gives {fresh.width}x{fresh.height} {fresh.format} now, "
            f"not {known.width}x{known.height} {known.format}; open it anew",
            uri=self.name,
        )

    def _keep_up(self) -> None:
        """The keeper: one link after another, until there is nothing more to be had."""
        wait_s = 0.0
        while not self._stop.wait(wait_s) and self._make_room():
            link = Link(self._feed, self, self._stop, self._open_timeout_s, self._stall_s, self._adopt)
            if self._settled(link, self._watch(link)):
                break
            with self._change:
                wait_s = self._phase.failed()
        with self._change:
            self._change.notify_all()

    def _adopt(self, link: Link) -> None:
        with self._change:
            self._link = link

    def _watch(self, link: Link) -> RushesError | None:
        """Until the link is over or has stalled; then it is nobody's link any more. Says what was wrong."""
        allowed_s = 0.0
        with self._change:
            while not (link.done or self._stop.stopped):
                allowed_s = self._stall_s if link.opened_yet else self._open_timeout_s
                left_s = allowed_s - (SYSTEM.monotonic_ns() - link.heard_ns) / 1e9
                if left_s <= 0:
                    break
                self._change.wait(left_s)
            over = link.done
            self._damage += link.damaged
            self._link = None
            if not over:
                self._left = [each for each in self._left if each.running] + [link]
        link.leave()
        if over:
            return self._why(link)
        what = "no frame" if link.opened_yet else "no answer"
        return SourceLost(f"{self.name} stalled: {what} for {allowed_s:g} s", uri=self.name)

    def _why(self, link: Link) -> RushesError | None:
        if link.failure is None and link.live:
            return SourceLost(f"{self.name} ended", uri=self.name)
        return link.failure

    def _settled(self, link: Link, failure: RushesError | None) -> bool:
        """Whether that was the last link; the consumer is told why."""
        with self._change:
            if self._stop.stopped:
                return True
            if failure is None:
                if not self._phase.ever:
                    self._failure = SourceLost(
                        f"not one frame of {self.name} could be decoded", uri=self.name
                    )
                self._phase.finish("ended")
                return True
            self._last = failure
            if self._again and isinstance(failure, SourceError) and not isinstance(failure, _Changed):
                return False
            self._phase.finish("lost")
            if isinstance(failure, SourceLost) and not link.opened_yet and self._info is None:
                failure = SourceUnavailable(str(failure), uri=self.name)
            self._failure = failure
            return True

    def _make_room(self) -> bool:
        """Waits while too many readers hang: each holds a connection and a thread. False when closed."""
        while sum(each.running for each in self._left) >= _LEFT_BEHIND:
            if self._stop.wait(0.1):
                return False
        return True

    def _close(self) -> None:
        self._stop.set()
        with self._change:
            self._phase.finish("closed")
            self._dropped["closed"] += len(self._slot)
            self._slot.clear()
            self._change.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_S)
