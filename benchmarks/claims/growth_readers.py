"""More readers of one depot: what a put and a read cost, who misses frames, and when the last one has woken."""

from __future__ import annotations

import contextlib
import secrets
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._growth_curve import Curve, Series
from benchmarks._line import PATIENCE_S, SPAWN, finish
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from benchmarks._harness import Claim

SHAPE = (1620, 1920)  # 1080p as I420
SLOTS = 16
PERIOD_S = 1 / 60
LAST = 1 << 40  # the number that ends a reader


def measure(counts: Sequence[int], seconds: float, rounds: int) -> tuple[Curve, list[Claim]]:
    """A writer at sixty a second and so many readers, each a process of its own."""
    curve = _curve()
    for _ in range(rounds):
        for count in counts:
            curve.at(count, once(count, seconds))
    return curve, [
        curve.claim("put", "a put with most readers: with one", 1.5),
        curve.claim("read", "processor time of a read with most readers: with one", 1.3),
    ]


def once(readers: int, seconds: float) -> dict[str, float]:
    frame = np.full(SHAPE, 7, np.uint8)
    with Depot.create(f"growth-{secrets.token_hex(4)}", slots=SLOTS, shape=SHAPE) as depot:
        lines = [SPAWN.Pipe() for _ in range(readers)]
        children: list[Any] = [
            SPAWN.Process(target=_read, args=(depot.name, there), daemon=True) for _, there in lines
        ]
        try:
            for child in children:
                child.start()
            for here, _ in lines:
                _expect(here)
            took = _write(depot, frame, seconds)
            found = [_expect(here) for here, _ in lines]
        finally:
            finish(children)
            for here, there in lines:
                here.close()
                there.close()
            depot.unlink()
    return figures(took, found)


def figures(took_s: Sequence[float], found: Sequence[tuple[float, dict[int, int]]]) -> dict[str, float]:
    """``found``: of each reader its processor time and, by sequence, the nanoseconds until it had woken."""
    woken: dict[int, int] = {}
    for _, wakes in found:
        for sequence, wake_ns in wakes.items():
            woken[sequence] = max(wake_ns, woken.get(sequence, 0))
    return {
        "put": 1e6 * statistics.median(took_s),
        "read": 1e6 * sum(cpu_s for cpu_s, _ in found) / max(1, sum(len(wakes) for _, wakes in found)),
        "share": 100 * min(len(wakes) for _, wakes in found) / len(took_s),
        "last": statistics.median(woken.values()) / 1e3 if woken else 0.0,
    }


def _write(depot: Depot, frame: Any, seconds: float) -> list[float]:
    """Seconds of each put; the last frame of all ends the readers and is not counted."""
    took: list[float] = []
    due = time.perf_counter()
    until = due + seconds
    while due < until:
        began = time.perf_counter()
        depot.put(frame, len(took))
        took.append(time.perf_counter() - began)
        due += PERIOD_S
        time.sleep(max(0.0, due - time.perf_counter()))
    depot.put(frame, LAST)
    return took


def _read(name: str, line: Connection) -> None:
    """Takes each frame it can get and looks at one pixel: what a read costs is not what is done with it."""
    wakes: dict[int, int] = {}
    clock = time.time_ns  # the depot's stamp of publication is UTC
    with Depot.attach(name) as depot, contextlib.closing(depot.frames(-1)) as frames:
        line.send("ready")
        began = time.process_time()
        for lease in frames:
            now_ns = clock()
            if lease.number == LAST:
                break
            wakes[lease.sequence] = now_ns - lease.published_ns
            _ = int(lease.array[0, 0])
        line.send((time.process_time() - began, wakes))


def _expect(line: Connection) -> Any:
    if not line.poll(PATIENCE_S):
        raise TimeoutError("a reader gave no answer")
    return line.recv()


def _curve() -> Curve:
    return Curve(
        "readers",
        f"Readers of one depot: 1080p as I420, {1 / PERIOD_S:.0f} a second, each reader a process of its own",
        "readers",
        {
            "put": Series("a put, its copy included", "µs"),
            "read": Series("processor time of a read, waiting and waking included", "µs"),
            "share": Series("frames that the slowest reader got", "%"),
            "last": Series("until the last reader has woken, from publication", "µs"),
        },
    )
