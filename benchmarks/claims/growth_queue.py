"""More jobs that wait: what a submit, a start and a moved viewport cost in front of a long queue."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

from benchmarks._growth_curve import Curve, Series
from benchmarks.claims.jobs_calls import WORKERS, _held, noop
from rushes import JobQueue, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._harness import Claim

VIEW, MOVED = 200, 100
TRACED_MOST = 100_000
_STARTS = 1000


def measure(counts: Sequence[int], rounds: int) -> tuple[Curve, list[Claim]]:
    """Each round fills a fresh queue behind workers that are held, and empties it."""
    curve = _curve()
    for turn in range(rounds):
        for count in counts:
            # A million takes half a minute with all its waiting handles, and its median is that of a million calls.
            if turn and count > TRACED_MOST * 5:
                continue
            curve.at(count, once(count))
            if count <= TRACED_MOST and not turn:
                curve.at(count, {"memory": memory(count)})
    return curve, [
        curve.claim("submit", "a submit to the longest queue: to the shortest", 1.5),
        curve.claim("start", "a job's start out of the longest queue: out of the shortest", 1.5),
        curve.claim("want", "a viewport moved beside the longest queue: beside the shortest", 1.5),
        curve.claim("memory", "memory of a waiting job in a long queue: in the shortest", 1.1),
    ]


def once(count: int) -> dict[str, float]:
    """Microseconds of each call with ``count`` jobs there, or becoming so many."""
    with JobQueue(WORKERS) as queue:
        gate = _held(queue.submit)
        gc.collect()
        began = time.perf_counter()
        for _ in range(count):
            queue.submit(noop, group="texture")
        submit_s = (time.perf_counter() - began) / count
        want_s = _want(queue)
        queue.cancel(group="view")
        start_s = _starts(queue, gate, count)
        queue.cancel(where=lambda handle: handle.state == "in_queue")
    return {"submit": 1e6 * submit_s, "start": 1e6 * start_s, "want": 1e6 * want_s}


def memory(count: int) -> float:
    """Bytes of a waiting job, its handle dropped: the queue alone keeps it."""
    with JobQueue(WORKERS) as queue:
        gate = _held(queue.submit)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            queue.submit(noop)
        each = (tracemalloc.get_traced_memory()[0] - before) / count
        tracemalloc.stop()
        queue.cancel(where=lambda handle: handle.state == "in_queue")
        gate.set()
    return each


def _want(queue: JobQueue) -> float:
    """A viewport that moves by half of itself, ten times; seconds of one move."""
    turns = 10
    queue.want("view", _view(0))
    began = time.perf_counter()
    for turn in range(1, turns + 1):
        queue.want("view", _view(turn * MOVED))
    return (time.perf_counter() - began) / turns


def _view(first: int) -> list[Request]:
    return [Request(("tile", at), noop) for at in range(first, first + VIEW)]


def _starts(queue: JobQueue, gate: threading.Event, count: int) -> float:
    """Seconds from one start to the next, over the first thousand: the queue is as long as it was, nearly."""
    wanted = min(count, _STARTS)
    ran = threading.Semaphore(0)
    for _ in range(wanted):
        queue.submit(ran.release, score=-1.0)  # before all that waits
    began = time.perf_counter()
    gate.set()
    for _ in range(wanted):
        ran.acquire()
    return (time.perf_counter() - began) / wanted


def _curve() -> Curve:
    return Curve(
        "queue",
        f"Jobs that wait in one queue of {WORKERS} workers",
        "waiting jobs",
        {
            "submit": Series("a submit, until there are so many", "µs"),
            "start": Series("from one job's start to the next, so many behind them", "µs"),
            "want": Series(f"want() of {VIEW} requests, half of them new, beside so many", "µs"),
            "memory": Series("memory of a waiting job", "bytes"),
        },
        notes=(f"Memory is traced up to {TRACED_MOST:,} jobs: tracing a million takes minutes.",),
    )
