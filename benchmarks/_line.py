"""One sender and one receiver in fresh processes, and how long each frame took from one to the other.

Fresh interpreters, never forks: a forked child shares the parent's warm pages, and iceoryx2 does not bear
forks at all. Every frame carries the sender's CLOCK_MONOTONIC in its first eight bytes, taken just before the
call that sends it; the receiver reads its own clock in the first statement after the call that waited.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import statistics
import time
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnContext
    from multiprocessing.synchronize import Event

    Array = np.ndarray[Any, Any]

SPAWN = multiprocessing.get_context("spawn")
PATIENCE_S = 60.0


class Sender(Protocol):
    def send(self, frame: Array) -> None: ...

    def close(self) -> None: ...


class Receiver(Protocol):
    def receive(self) -> Any:
        """Wait for a frame; None when none came within a second or so."""

    def stamp(self, item: Any) -> int: ...

    def close(self) -> None: ...


class Peer(Protocol):
    """What a module in ``peers`` offers to take part."""

    def opened(self, context: SpawnContext, shape: tuple[int, ...]) -> AbstractContextManager[Any]:
        """What both processes need, picklable for a child's arguments."""

    @property
    def Sender(self) -> Callable[[Any], Sender]: ...

    @property
    def Receiver(self) -> Callable[[Any], Receiver]: ...


def peer(name: str) -> Peer:
    return cast("Peer", importlib.import_module(f"benchmarks.peers.{name}"))


def stamp_of(array: Array) -> int:
    return int(array.reshape(-1)[:8].view(np.int64)[0])


def collect(receiver: Receiver, frames: int, acks: Connection | None) -> list[int]:
    """Nanoseconds each frame took; fewer than ``frames`` when some never came."""
    took: list[int] = []
    clock = time.monotonic_ns
    while len(took) < frames:
        item = receiver.receive()
        now = clock()
        if item is None:
            break
        took.append(now - receiver.stamp(item))
        del item
        if acks is not None:
            acks.send_bytes(b".")
    return took


def _pin(which: int) -> None:
    """Sender and receiver get a core each. Left alone, a pipe now and then wakes its reader on the sender's own
    core, twice as fast, and the median depends on how often."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[which]})


def _receive(
    name: str, shared: Any, frames: int, ready: Event, acks: Connection | None, answer: Connection
) -> None:
    _pin(1)
    module = peer(name)
    receiver = module.Receiver(shared)
    ready.set()
    took = getattr(module, "collect", collect)(receiver, frames, acks)
    answer.send(took)
    receiver.close()


def _send(
    name: str, shared: Any, shape: tuple[int, ...], frames: int, period_s: float, acks: Connection | None
) -> None:
    _pin(0)
    sender = peer(name).Sender(shared)
    frame = np.ones(shape, np.uint8)
    stamp = frame.reshape(-1)[:8].view(np.int64)
    clock = time.monotonic_ns
    time.sleep(0.05)  # the receiver said it is ready just before it began to wait
    for _ in range(frames):
        stamp[0] = clock()
        sender.send(frame)
        if acks is not None and not (acks.poll(PATIENCE_S) and acks.recv_bytes()):
            break
        time.sleep(period_s)
    time.sleep(0.2)  # a contender that buffers in this process still has to hand over its last frame
    sender.close()


def run(
    name: str, shape: tuple[int, ...], frames: int, *, period_s: float, acked: bool = False
) -> list[float]:
    """Seconds each frame took, without the first tenth. ``acked``: one frame under way at a time."""
    with peer(name).opened(SPAWN, shape) as shared:
        ready = SPAWN.Event()
        answer_here, answer_there = SPAWN.Pipe(duplex=False)
        acks_here, acks_there = SPAWN.Pipe(duplex=False) if acked else (None, None)
        children = [
            SPAWN.Process(
                target=_receive, args=(name, shared, frames, ready, acks_there, answer_there), daemon=True
            ),
            SPAWN.Process(target=_send, args=(name, shared, shape, frames, period_s, acks_here), daemon=True),
        ]
        try:
            children[0].start()
            if not ready.wait(PATIENCE_S):
                raise TimeoutError(f"{name}: the receiver did not start")
            children[1].start()
            if not answer_here.poll(PATIENCE_S):
                raise TimeoutError(f"{name}: the receiver did not finish")
            took: list[int] = answer_here.recv()
        finally:
            finish(children)
    if len(took) < frames * 0.9:
        raise RuntimeError(f"{name}: only {len(took)} of {frames} frames arrived")
    return [t / 1e9 for t in took[len(took) // 10 :]]


def finish(children: list[Any]) -> None:
    for child in children:
        if child.pid is None:
            continue
        child.join(5)
        if child.is_alive():
            child.kill()
            child.join()


def median_of(name: str, shape: tuple[int, ...], frames: int, **how: Any) -> Callable[[], float]:
    return lambda: statistics.median(run(name, shape, frames, **how))
