"""Pictures out of live sources: one iteration over each, shared by all shots of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rushes.errors import ClosedError, DeadlineExceeded, NoSuchMoment, SourceLost
from rushes.shots.of_frame import check_wanted, of_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rushes.frame import Frame
    from rushes.shots.request import Ask, Picture

__all__ = ["LiveSources"]


class LiveSources:
    """The sources that shots were taken of, as long as ``channels`` names them."""

    def __init__(self, channels: Mapping[str, Any]) -> None:
        self._channels = channels
        self._lock = threading.Lock()
        self._read: dict[int, _LiveSource] = {}
        self._closed = False

    def take(self, source: Any, ask: Ask) -> Picture:
        """The next frame that is new enough.

        NoSuchMoment for the past, SourceLost at the source's end, ClosedError after ``close()``.
        """
        if ask.dt is not None:
            raise NoSuchMoment(
                f"{ask.channel} is a live source: it keeps no past, so ask it without dt", channel=ask.channel
            )
        with self._lock:
            if self._closed:
                raise ClosedError("this shot saver is stopped", name="ShotSaver")
            live = self._read.setdefault(id(source), _LiveSource(source))
            live.names.add(ask.channel)
        return live.take(ask)

    def prune(self) -> None:
        """Lets go of those that their channels are not any more; they stay open, they are the caller's."""
        with self._lock:
            read = [(key, live, tuple(live.names)) for key, live in self._read.items()]
        # The mapping may be the user's own class, so it is asked under no lock.
        gone = [
            (key, live)
            for key, live, names in read
            if all(self._channels.get(name) is not live.source for name in names)
        ]
        with self._lock:
            for key, live in gone:
                if self._read.get(key) is live:
                    del self._read[key]

    def close(self) -> None:
        """Lets go of all."""
        with self._lock:
            self._closed = True
            read, self._read = self._read, {}
        read.clear()

    def __len__(self) -> int:
        return len(self._read)


class _LiveSource:
    """One iteration over a source, which allows one at a time."""

    def __init__(self, source: Any) -> None:
        self.source = source  # also keeps its id from being given to another object
        self.names: set[str] = set()
        self._turn = threading.Condition()
        self._taken = False
        self._frames: Iterator[Frame] | None = None

    def take(self, ask: Ask) -> Picture:
        self._wait_turn(ask)
        try:
            return self._next(ask)
        finally:
            with self._turn:
                self._taken = False
                self._turn.notify_all()

    def _wait_turn(self, ask: Ask) -> None:
        ask.token.on_cancel(self._wake)
        with self._turn:
            if not self._turn.wait_for(lambda: ask.token.cancelled or not self._taken, ask.timeout_s):
                raise DeadlineExceeded(
                    f"{ask.channel}: the source gave nothing to an earlier shot either",
                    timeout_s=ask.timeout_s,
                )
            check_wanted(ask)
            self._taken = True

    def _wake(self) -> None:
        with self._turn:
            self._turn.notify_all()

    def _next(self, ask: Ask) -> Picture:
        if self._frames is None:
            self._frames = iter(self.source)
        try:
            for frame in self._frames:
                if ask.token.cancelled:
                    break  # the iteration goes on for whoever comes next
                if frame.captured_ns >= ask.not_before_ns:
                    return of_frame(frame, ask, "live")
        except BaseException:  # a broken iteration gives nothing more; the next shot begins another
            self._frames = None
            raise
        check_wanted(ask)
        self._frames = None
        raise SourceLost(f"{ask.channel}: the source has no more frames", uri=ask.channel)
