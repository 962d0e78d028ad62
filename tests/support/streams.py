"""What tests of streams share: waiting for what happens, readers on threads, and messages made by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rushes.frame import Frame
from rushes.stream.inbox import Inbox
from rushes.stream.outbox import Ready
from rushes.stream.receiver import Receiver
from rushes.stream.records import StreamStats
from rushes.stream.streamer import Streamer
from rushes.wire.flow import Gap
from rushes.wire.message import DESCRIPTOR, PIXELS, Header

PATIENCE_S = 20.0
PIXEL = np.zeros(1, np.uint8)


def eventually(condition: Callable[[], object], what: str = "it never came about") -> None:
    """Returns once the condition holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(0.001)


def header(number: int, *, run: int = 1, track: str = "none", **more: Any) -> Header:
    """Of a message with one pixel."""
    told: dict[str, Any] = {"codec": "raw", "format": "array", "shape": (1,), "length": 1, **more}
    return Header(stream="cam", run=run, number=number, captured_ns=1, sent_ns=1, track=track, **told)


class Arrived:
    """A message for an inbox. ``gate`` holds up its decoding until it is set, ``fault`` is raised by it."""

    def __init__(
        self, header: Header, *, gate: threading.Event | None = None, fault: Exception | None = None
    ) -> None:
        self.header, self.gate, self.fault = header, gate, fault


def decode(message: Arrived) -> NDArray[Any]:
    """What an inbox of :class:`Arrived` decodes with."""
    if message.gate is not None:
        assert message.gate.wait(PATIENCE_S)
    if message.fault is not None:
        raise message.fault
    return PIXEL


def anything(item: Ready | Gap) -> bool:
    return True


@contextmanager
def working(box: Inbox, threads: int) -> Iterator[None]:
    """Threads that decode for it, until the end of the block."""
    pool = [threading.Thread(target=box.work, daemon=True) for _ in range(threads)]
    for thread in pool:
        thread.start()
    try:
        yield
    finally:
        box.stop()
        for thread in pool:
            thread.join(PATIENCE_S)


class Reading:
    """Reads ``items`` to its end on a thread of its own; ``failed`` is what it raised."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.got: list[Any] = []
        self.failed: Exception | None = None
        self._items = items
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            for item in self._items:
                self.got.append(item)
        except Exception as error:  # noqa: BLE001  whatever it is, the test shall see it
            self.failed = error

    @property
    def frames(self) -> list[Frame]:
        return [item for item in self.got if isinstance(item, Frame)]

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.got if isinstance(item, Gap)]

    @property
    def numbers(self) -> list[int | None]:
        return [frame.number for frame in self.frames]

    def wait(self, count: int) -> list[Any]:
        """The first ``count`` items, once they are there."""
        eventually(
            lambda: len(self.got) >= count or self.failed is not None, f"{count} items, got {self.got}"
        )
        assert self.failed is None, self.failed
        return self.got[:count]

    def ended(self) -> bool:
        self.thread.join(PATIENCE_S)
        return not self.thread.is_alive()


def joined(streamer: Streamer, receivers: int = 1) -> None:
    """Waits until so many receivers have subscribed."""
    wire = streamer._wire
    if wire is None:
        eventually(lambda: streamer.stats().peers == receivers, f"{receivers} receivers")
        return
    eventually(
        lambda: wire.link.subscribed(PIXELS) + wire.link.subscribed(DESCRIPTOR) == receivers,
        f"{receivers} receivers",
    )


def at_rest(sender: Streamer) -> StreamStats:
    """Its counters once nothing waits any more; they add up."""
    eventually(lambda: sender.stats().waiting == 0, f"still waiting: {sender.stats()}")
    stats = sender.stats()
    assert stats.adds_up, stats
    return stats


def check_received(receiver: Receiver, items: list[Any]) -> StreamStats:
    """The receiver's counters, which add up and agree with all the frames and Gaps that it gave."""
    stats = receiver.stats()
    assert stats.adds_up, stats
    assert stats.delivered == sum(isinstance(item, Frame) for item in items), (stats, items)
    assert stats.dropped_total == sum(item.count for item in items if isinstance(item, Gap)), (stats, items)
    return stats


def picture(height: int = 48, width: int = 64, channels: int = 3, *, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth picture that JPEG keeps closely, another for each seed."""
    rows = np.linspace(0, 150, height)[:, None, None] + np.linspace(0, 80, width)[None, :, None]
    shade: NDArray[np.uint8] = (rows + 5 * np.arange(channels) + seed % 8).astype(np.uint8)
    return shade if channels > 1 else shade[..., 0]


def send(streamer: Streamer, count: int) -> None:
    for number in range(count):
        assert streamer.send(picture(seed=number)).accepted
