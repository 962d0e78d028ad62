"""Frames dealt out over loopback in tests: what is sent, who works, and what is to come of it."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rushes.errors import ClosedError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire.flow import Gap
from tests.support.nats_hub import free_ports

HERE = "tcp://127.0.0.1:0"
LONG_S = 20.0


_COUNT = itertools.count()


class Ends:
    """Where streamers and receivers are: "hub", each with a hub of its own, or "near", processes of this machine."""

    def __init__(self, kind: str) -> None:
        self.near = kind == "near"

    def new(self) -> str:
        """An endpoint that nobody has."""
        return f"shm://t{next(_COUNT)}" if self.near else HERE

    def later(self) -> str:
        """One that is the same for those who come later."""
        return self.new() if self.near else f"tcp://127.0.0.1:{free_ports(1)[0]}"

    @contextlib.contextmanager
    def both(
        self, tracks: tuple[str, ...] | None = None, **options: Any
    ) -> Iterator[tuple[Streamer, Receiver]]:
        """A streamer and a receiver."""
        with (
            Receiver(self.new(), mapreduce=True) as receiver,
            Streamer(self.new(), tracks, mapreduce=True, **options) as streamer,
        ):
            yield streamer, receiver


def small(value: int = 7) -> NDArray[np.uint8]:
    """A small picture of one colour, which JPEG keeps nearly as it is."""
    return np.full((24, 32, 3), value, np.uint8)


@contextlib.contextmanager
def working(
    source: str,
    drain: str | None,
    what: Callable[..., Any],
    track: str = "none",
    *,
    by_hand: bool = False,
    **run: Any,
) -> Iterator[Worker]:
    """A worker that runs the function; ``by_hand`` calls it with the worker instead."""
    with Worker(source, drain, track) as worker:
        call = (lambda: what(worker)) if by_hand else (lambda: worker.run(what, **run))
        failure: list[BaseException] = []

        def body() -> None:
            try:
                call()
            except ClosedError:
                pass
            except BaseException as error:  # noqa: BLE001  told by the test's own thread
                failure.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        try:
            yield worker
        finally:
            worker.close()  # and not a stop, after which a run that had not begun yet would begin
            thread.join(LONG_S)
        assert not thread.is_alive()
        assert not failure, failure


both = Ends("hub").both


class Reader:
    """Takes what a receiver gives on a thread of its own. ``take(count)`` waits for so many frames and Gaps; ``at`` is
    when each came.
    """

    def __init__(self, receiver: Receiver, **options: Any) -> None:
        self._came: queue.Queue[Frame | Gap] = queue.Queue()
        self._frames = receiver.frames(**options)
        self.at: list[float] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self, count: int, timeout_s: float = LONG_S) -> list[Frame | Gap]:
        until = time.monotonic() + timeout_s
        out: list[Frame | Gap] = []
        while len(out) < count:
            try:
                out.append(self._came.get(timeout=max(0.01, until - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"{len(out)} of {count} came: {[brief(each) for each in out]}") from None
        return out

    def nothing(self, wait_s: float = 0.3) -> bool:
        with contextlib.suppress(queue.Empty):
            self._came.get(timeout=wait_s)
            return False
        return True

    def join(self) -> None:
        self._thread.join(LONG_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        for each in self._frames:
            self.at.append(time.monotonic())
            self._came.put(each)


@contextlib.contextmanager
def reading(receiver: Receiver, **options: Any) -> Iterator[Reader]:
    """A reader; ends with the receiver's stop."""
    reader = Reader(receiver, **options)
    try:
        yield reader
    finally:
        receiver.stop()
        reader.join()


def brief(each: Frame | Gap) -> Any:
    return each if isinstance(each, Gap) else each.number


def numbers(got: list[Frame | Gap], track: str | None = None) -> list[Any]:
    """The frames' numbers and the Gaps as they are, of one track."""
    return [brief(each) for each in got if track in (None, each.track)]


def settle(look: Callable[[], bool], timeout_s: float = LONG_S) -> bool:
    """Whether it becomes true in time."""
    until = time.monotonic() + timeout_s
    while not look():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
