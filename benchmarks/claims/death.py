"""A reader is killed while it holds every slot: how soon the writer goes on."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._harness import TINY, Claim, Scale
from benchmarks._line import PATIENCE_S, SPAWN
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.synchronize import Event

SLOTS = 4
BLOCKED_S = 0.25  # how long the writer has been waiting when the reader dies


def claims(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    del there
    idle = [next_put() for _ in range(scale.deaths)]
    blocked = [blocked_put() for _ in range(scale.deaths)]
    return [
        Claim(
            "death_put",
            f"the next put after a reader that held all {SLOTS} slots was killed",
            "ms",
            [1e3 * t for t in idle],
            1.0,
        ),
        Claim(
            "death_blocked",
            'a put that waits under "block" for that reader returns after its death within',
            "ms",
            [1e3 * t for t in blocked],
            200.0,
        ),
    ]


def next_put() -> float:
    frame = np.zeros(TINY, np.uint8)
    with Depot.create(f"bench-{secrets.token_hex(4)}", slots=SLOTS, shape=TINY) as depot:
        for _ in range(SLOTS):
            depot.put(frame)
        child = _holder(depot)
        if depot.put(frame).stored:
            raise RuntimeError("the reader did not hold every slot")
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        start = time.perf_counter()
        stored = depot.put(frame).stored
        took = time.perf_counter() - start
    if not stored:
        raise RuntimeError("the dead reader's slots were not taken back")
    return took


def blocked_put() -> float:
    """The writer is its own lossless consumer and has acknowledged everything: only the leases hold it up."""
    frame = np.zeros(TINY, np.uint8)
    killed: list[float] = []
    with Depot.create(f"bench-{secrets.token_hex(4)}", slots=SLOTS, shape=TINY, when_full="block") as depot:
        depot.ack(-1)
        for _ in range(SLOTS):
            depot.put(frame)
        depot.ack(depot.head)
        child = _holder(depot)

        def kill() -> None:
            killed.append(time.perf_counter())
            os.kill(child.pid, signal.SIGKILL)

        timer = threading.Timer(BLOCKED_S, kill)
        timer.start()
        stored = depot.put(frame, timeout_s=5.0).stored
        now = time.perf_counter()
        timer.join()
        child.join()
    if not stored or now < killed[0]:
        raise RuntimeError("the writer did not wait for the reader, or never got its slot")
    return now - killed[0]


def _holder(depot: Depot) -> Any:
    """A process that holds every frame of the depot and will not let go."""
    ready = SPAWN.Event()
    child = SPAWN.Process(target=_hold, args=(depot.name, ready), daemon=True)
    child.start()
    if not ready.wait(PATIENCE_S):
        raise TimeoutError("the holding reader did not start")
    return child


def _hold(name: str, ready: Event) -> None:
    depot = Depot.attach(name)
    held = [depot.get(number) for number in range(SLOTS)]
    ready.set()
    threading.Event().wait(PATIENCE_S)
    del held
