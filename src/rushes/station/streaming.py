"""Streaming a station's channels: one process and one endpoint for all of them, each a track."""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import RushesError
from rushes.lifecycle import StopToken
from rushes.station.following import Following, attached
from rushes.station.messages import Follow, Ready, Sent, Streamed, StreamerTask
from rushes.station.newest import Newest
from rushes.stream.streamer import Streamer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.station.child import Link

__all__ = ["stream_channels"]

_REPORT_S = 0.2
_FULL_S = 0.002
_FLIGHT_S = 2.0
# As many as the streamer has room for: of more it would drop some, of whichever channel came first.
_AHEAD = 4
_MOST_ENCODERS = 4


def stream_channels(task: StreamerTask, link: Link) -> None:
    """Streams each channel as soon as its depot is there, until told to stop and all that came is sent.

    Raises WireError when another process has the address by now.
    """
    encoders = max(2, min(len(os.sched_getaffinity(0)), _MOST_ENCODERS))
    with Streamer(
        task.endpoint, nproc=encoders, keys=task.keys, insecure=task.insecure, name=task.station
    ) as streamer:
        _Streaming(task, link, streamer).run()


class _Streaming:
    """One run of the stage, with its counts."""

    def __init__(self, task: StreamerTask, link: Link, streamer: Streamer) -> None:
        self._link, self._streamer = link, streamer
        self.name = task.name
        self._newest: Newest[Frame] = Newest()
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()
        self._failed: list[Exception] = []
        self._lines: dict[str, _Line] = {}
        self._follow(Follow(task.channels, task.starts))
        self._sender = self.thread("sender", self._send)

    def run(self) -> None:
        self._link.say(Ready())
        while not self._link.stop.wait(_REPORT_S):
            if self._failed:
                raise self._failed[0]
            order = self._link.follow()
            if order is not None:
                self._follow(order)
            self._tell()
        for line in self._lines.values():
            line.finish()
        self._newest.close()
        self._sender.join()
        until_ns = SYSTEM.monotonic_ns() + round(_FLIGHT_S * 1e9)
        while self._streamer.stats().waiting and SYSTEM.monotonic_ns() < until_ns:
            SYSTEM.sleep(_FULL_S)
        self._streamer.stop()
        for line in self._lines.values():
            self._link.say_last(line.word(final=True))
        self._link.say_last(self._sent(final=True))

    def _follow(self, order: Follow) -> None:
        """Ends the lines that are not asked for any more, and begins the new ones."""
        for name in [name for name in self._lines if name not in order.channels]:
            line = self._lines.pop(name)
            line.finish()
            self._link.say_last(line.word(final=True))
        for name, depot in order.channels.items():
            if name not in self._lines:
                self._lines[name] = _Line(name, depot, order.starts.get(name, -1), self)

    def take(self, channel: str, frame: Frame) -> None:
        """Has the frame sent as soon as the channel's turn comes, unless a newer one comes before."""
        if self._newest.put(channel, frame):
            self.drop("full")

    def drop(self, reason: str) -> None:
        """Counts a frame that will not be sent."""
        with self._lock:
            self._dropped[reason] += 1

    def tell(self, line: _Line) -> bool:
        """Reports what the depot counts for the line, if there is room for that."""
        return self._link.say(line.word())

    def stop_token(self) -> StopToken:
        """Set with the stop of the stage, at the latest."""
        token = StopToken(self.name)
        self._link.stop.on_stop(token.set)
        return token

    def attached(self, depot: str, start: int, name: str, stop: StopToken) -> tuple[Following, int] | None:
        """A depot once it is there, and what was its newest frame then; None at the stop."""
        found = attached(depot, stop)
        return None if found is None else (Following(found, start, name), found.head)

    def thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """A thread whose failure is that of the stage."""

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  whatever it was, the stage is to end and say so
                self._failed.append(error)

        thread = threading.Thread(target=run, name=f"streamer {name}", daemon=True)
        thread.start()
        return thread

    def _tell(self) -> None:
        # Before the rows: then what has an outcome here was seen there. And not without them.
        sent = self._sent()
        if all(self.tell(line) for line in self._lines.values() if line.begun):
            self._link.say(sent)

    def _sent(self, *, final: bool = False) -> Sent:
        stats = self._streamer.stats()
        with self._lock:
            dropped = self._dropped + Counter(stats.dropped)
        return Sent(
            sent=stats.sent,
            dropped=dict(dropped),
            waiting=stats.waiting,
            bytes=stats.bytes,
            peers=stats.peers,
            final=final,
        )

    def _send(self) -> None:
        while (frame := self._next()) is not None:
            offered = self._streamer.stats().offered
            try:
                self._streamer.send(frame)
            except RushesError:
                if self._streamer.stats().offered == offered:  # else the streamer has counted it
                    self.drop("bad")
            del frame  # or it would keep its slot until the next one comes

    def _next(self) -> Frame | None:
        # Waiting comes first, so that the newest is taken when there is room, and not the newest of before.
        while self._streamer.stats().waiting >= _AHEAD:
            SYSTEM.sleep(_FULL_S)
        return self._newest.take()


class _Line:
    """One channel: waits for its depot, then brings what comes."""

    def __init__(self, name: str, depot: str, start: int, stage: _Streaming) -> None:
        self._name, self._depot, self._start, self._stage = name, depot, start, stage
        self._following: Following | None = None
        self._settled = threading.Event()
        self._stop = stage.stop_token()
        self._thread = stage.thread(name, self._run)

    @property
    def begun(self) -> bool:
        """Whether the depot is there."""
        return self._following is not None

    def word(self, *, final: bool = False) -> Streamed:
        """What the depot counts."""
        seen, missed, waiting = (0, 0, 0) if self._following is None else self._following.row
        return Streamed(
            channel=self._name, depot_seen=seen, depot_missed=missed, depot_waiting=waiting, final=final
        )

    def finish(self) -> None:
        """Has all that is in the depot brought."""
        self._stop.set()
        self._settled.wait()
        if self._following is not None:
            self._following.drain()
        self._thread.join()

    def _run(self) -> None:
        try:
            found = self._stage.attached(
                self._depot, self._start, f"{self._name} {self._stage.name}", self._stop
            )
            if found is None:
                return
            self._following, head = found
        finally:
            self._settled.set()
        self._stage.tell(self)  # by which the station knows that this consumer has joined
        for lease in self._following.leases():
            with lease:
                if lease.sequence <= head:
                    # Nobody who watches wants what came while this process was not there.
                    self._stage.drop("stage down")
                else:
                    # No copy: the view keeps its slot until the frame is coded. What a source counts stays here.
                    self._stage.take(
                        self._name, replace(lease.view(), channel=self._name, track=self._name, meta={})
                    )
