"""What all sources over a link that may break share: a watchdog, and coming back."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rushes.capture.link import Link
from rushes.capture.reconnect import Reconnect
from rushes.capture.records import SourceStats
from rushes.clock import SYSTEM
from rushes.errors import ConfigError, RushesError, SourceError, SourceLost, SourceUnavailable
from rushes.lifecycle import Closeable, StopToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.capture.link import Feed
    from rushes.codecs.video.demux import MediaInput
    from rushes.codecs.video.media import MediaInfo
    from rushes.interfaces import SourceInfo

__all__ = ["Changed", "Linked"]

T = TypeVar("T")

# Readers that hang in a read and cannot be interrupted are left behind; beyond so many, a new one waits.
_LEFT_BEHIND = 3

# How long a close waits for its keeper, which never waits for a reader.
_PATIENCE_S = 2.0


class Changed(SourceLost):
    """Coming back would not help: what comes is another thing now."""


class Linked(Closeable, Generic[T]):
    """Base of sources over a link: it is opened, watched and opened again by a thread of its own.

    A subclass says what is read off an open input, takes what came, counts it, and gives it out; ``T`` is what it
    gives. ``change`` guards all that is counted and kept, and is notified at each change.

    A link that breaks off, ends, or brings nothing for ``stall_s`` seconds is lost. With ``reconnect`` it
    is tried again after 0.25 s, then after twice as long each time up to 4 s, and iterating goes on; whoever
    asks what it is, or iterates, waits for the first opening, at most ``wait_s`` seconds (None: until closed),
    then SourceUnavailable is raised. Without, iterating raises SourceLost, and a first opening that fails
    raises SourceUnavailable from the constructor. One try at opening may take ``open_timeout_s``.

    No message, statistic or name holds a password. ``close`` may come from any thread; iterating then ends at
    once. One iteration at a time.
    """

    def __init__(
        self, feed: Feed, *, reconnect: bool, stall_s: float, open_timeout_s: float, wait_s: float | None
    ) -> None:
        super().__init__()
        for option, value in (("stall_s", stall_s), ("open_timeout_s", open_timeout_s)):
            if not value > 0:
                raise ConfigError(f"{option} is {value}; give a number above 0", option=option)
        self.name = feed.name
        self._feed = feed
        self._again = reconnect
        self._stall_s = stall_s
        self._open_timeout_s = open_timeout_s
        self._wait_s = wait_s
        self._stop = StopToken(self.name)
        self._turn = threading.Lock()
        self._change = threading.Condition()
        self._phase = Reconnect()
        self._failure: RushesError | None = None
        self._last: RushesError | None = None
        self._link: Link | None = None
        self._damage = 0  # of the links before this one
        self._left: list[Link] = []
        self._offered = self._delivered = 0  # pictures, as the subclass counts them
        self._dropped: dict[str, int] = {}
        self._thread = threading.Thread(target=self._keep_up, name=f"rushes live {self.name}", daemon=True)

    def _begin(self) -> None:
        """The last thing a subclass's constructor does."""
        self._thread.start()
        if not self._again:
            try:
                self._wait_for_opening()
            except BaseException:  # whatever it is, nothing goes on behind the caller's back
                self.close()
                raise

    @property
    @abstractmethod
    def info(self) -> SourceInfo:
        """Waits for the first opening; see the class for what it raises and when."""

    def stats(self) -> SourceStats:
        """The ledger: each picture that came was delivered, dropped or waits. ``backend`` tells of readers left
        behind in a read that hangs."""
        with self._change:
            damaged = self._damaged()
            counts = {**self._dropped, "damaged": self._dropped.get("damaged", 0) + damaged}
            return SourceStats(
                self.name,
                offered=self._offered + damaged,
                delivered=self._delivered,
                dropped={reason: count for reason, count in counts.items() if count},
                waiting=self._all_waiting(),
                reconnects=self._phase.reconnects,
                state=self._phase.state,
                backend=self._stalled(),
            )

    @property
    def trouble(self) -> str:
        """Why nothing comes, as the last link has it; empty while one is live, and before the first has failed."""
        with self._change:
            return "" if self._last is None or self._phase.state == "live" else str(self._last)

    @abstractmethod
    def opened(self, link: Link, info: MediaInfo) -> None:
        """For the link's thread."""

    @abstractmethod
    def read(self, source: MediaInput) -> Iterator[tuple[Any, float | None]]:
        """For the link's thread."""

    @abstractmethod
    def came(self, link: Link, item: Any, arrived_ns: int) -> None:
        """For the link's thread."""

    def over(self, link: Link) -> None:
        """For the link's thread."""
        with self._change:
            self._change.notify_all()

    @abstractmethod
    def _known(self) -> bool:
        """Whether a first opening succeeded. Under ``change``."""

    @abstractmethod
    def _all_waiting(self) -> int:
        """How many pictures wait. Under ``change``."""

    @abstractmethod
    def _next(self) -> T | None:
        """What is to be given next, counted as delivered; None when nothing waits. Under ``change``."""

    @abstractmethod
    def _clear(self) -> None:
        """Drops what waits as "closed". Under ``change``."""

    def _wait_for_opening(self) -> None:
        with self._change:
            self._change.wait_for(lambda: self._known() or self._failure or self.closed, self._wait_s)
            if self._known():
                return
            failure, last = self._failure, self._last
        self._check_open()
        if failure is not None:
            raise failure
        raise SourceUnavailable(
            f"{self.name} gave nothing for {self._wait_s:g} s{f': {last}' if last else ''}", uri=self.name
        )

    def _iterate(self) -> Iterator[T]:
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(f"{self.name} is being iterated already: a source has one consumer")
        return self._items()

    def _items(self) -> Iterator[T]:
        try:
            self._wait_for_opening()
            while (item := self._take()) is not None:
                yield item
                del item  # it must not be held while the next one is waited for
        finally:
            self._turn.release()

    def _take(self) -> T | None:
        with self._change:
            while not self._stop.stopped:
                item = self._next()
                if item is not None:
                    return item
                if self._failure is not None:
                    raise self._failure
                if self._phase.state == "ended":
                    return None
                self._change.wait()
            return None

    def _current(self, link: Link) -> bool:
        """Whether what it tells still counts. Under ``change``."""
        return link is self._link and not self._stop.stopped

    def _damaged(self) -> int:
        return self._damage + (self._link.damaged if self._link is not None else 0)

    def _stalled(self) -> str:
        """Tells of readers left behind in a read that hangs."""
        left = sum(each.running for each in self._left)
        return f"{left} stalled readers left behind" if left else ""

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
        what = "nothing" if link.opened_yet else "no answer"
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
            if self._again and isinstance(failure, SourceError) and not isinstance(failure, Changed):
                return False
            self._phase.finish("lost")
            if isinstance(failure, SourceLost) and not link.opened_yet and not self._known():
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
            self._clear()
            self._change.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_S)
