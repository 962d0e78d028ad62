"""What one call costs: submitting, running, awaiting, cancelling, and the memory of what waits."""

from __future__ import annotations

import asyncio
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks._harness import Claim, ratios, take_turns
from rushes import JobQueue, Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WORKERS = 4
PEER = "ThreadPoolExecutor"


def claims(count: int, rounds: int) -> list[Claim]:
    return [*calls(count, rounds), *cancels(5 * count, rounds), memory(count)]


def noop() -> None:
    pass


def calls(count: int, rounds: int) -> list[Claim]:
    submit = take_turns({"ours": lambda: _submit(count), "peer": lambda: _peer_submit(count)}, rounds)
    shared = take_turns({"ours": lambda: _submit(count, "k"), "peer": lambda: _submit(count)}, rounds)
    run = take_turns({"ours": lambda: _run(count), "peer": lambda: _peer_run(count)}, rounds)
    awaited = take_turns(
        {"ours": lambda: _await(count // 4), "peer": lambda: _peer_await(count // 4)}, rounds
    )
    return [
        _claim("submit", f"submit with all workers busy: {PEER}.submit", submit, 0.5),
        _claim("submit_shared", "submit of a key that waits already: a fresh submit of ours", shared, 0.25),
        _claim("run", f"no-op jobs per second: {PEER}", run, 2.0, faster=True),
        _claim("await", "awaited no-op jobs per second: loop.run_in_executor", awaited, 3.0, faster=True),
    ]


def _claim(
    name: str,
    title: str,
    took: Mapping[str, Sequence[float]],
    target: float,
    *,
    faster: bool = False,
) -> Claim:
    over, under = (took["peer"], took["ours"]) if faster else (took["ours"], took["peer"])
    parts = {"rushes": took["ours"], "the other": took["peer"]}
    return Claim(f"jobs_{name}", title, "×", ratios(over, under), target, faster, parts=parts)


def _held(submit: Callable[..., object]) -> threading.Event:
    gate, started = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        started.release()
        gate.wait()

    for _ in range(WORKERS):
        submit(hold)
    for _ in range(WORKERS):
        started.acquire()
    return gate


def _submit(count: int, key: str | None = None) -> float:
    with JobQueue(WORKERS) as queue:
        gate = _held(queue.submit)
        turns = range(count)
        began = time.perf_counter()
        if key is None:
            _ = [queue.submit(noop) for _ in turns]
        else:
            _ = [queue.submit(noop, key=key) for _ in turns]
        took = (time.perf_counter() - began) / count
        queue.cancel(where=lambda handle: handle.state == "in_queue")
        gate.set()
    return took


def _peer_submit(count: int) -> float:
    with ThreadPoolExecutor(WORKERS) as pool:
        gate = _held(pool.submit)
        turns = range(count)
        began = time.perf_counter()
        waiting = [pool.submit(noop) for _ in turns]
        took = (time.perf_counter() - began) / count
        for future in waiting:
            future.cancel()
        gate.set()
    return took


def _run(count: int) -> float:
    with JobQueue(WORKERS) as queue:
        began = time.perf_counter()
        for _ in range(count):
            queue.submit(noop)
        queue.drain()
        return (time.perf_counter() - began) / count


def _peer_run(count: int) -> float:
    with ThreadPoolExecutor(WORKERS) as pool:
        began = time.perf_counter()
        for _ in range(count):
            pool.submit(noop)
        pool.shutdown()
        return (time.perf_counter() - began) / count


def _await(count: int) -> float:
    async def main() -> float:
        async with JobQueue(WORKERS) as queue:
            began = time.perf_counter()
            for handle in [queue.submit(noop) for _ in range(count)]:
                await handle
            return (time.perf_counter() - began) / count

    return asyncio.run(main())


def _peer_await(count: int) -> float:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(WORKERS) as pool:
            began = time.perf_counter()
            for future in [loop.run_in_executor(pool, noop) for _ in range(count)]:
                await future
            return (time.perf_counter() - began) / count

    return asyncio.run(main())


def cancels(count: int, rounds: int) -> list[Claim]:
    """Until the last is cancelled and no dead one is in the way of the next: a peer's still have to be popped."""
    after: list[float] = []
    took = take_turns({"ours": lambda: _cancel(count, after), "peer": lambda: _peer_cancel(count)}, rounds)
    title = f"cancel {count:,} waiting jobs and start the next: {PEER} with its futures"
    return [
        _claim("cancel", title, took, 0.5),
        Claim(
            "jobs_after_cancel", "the next job's start after that", "ms", [1e3 * each for each in after], 5.0
        ),
    ]


def _cancel(count: int, after: list[float]) -> float:
    with JobQueue(WORKERS) as queue:
        gate = _held(queue.submit)
        for _ in range(count):
            queue.submit(noop, group="texture")
        began = time.perf_counter()
        cancelled = queue.cancel(group="texture")
        done = time.perf_counter()
        gate.set()
        queue.submit(noop, priority=Priority.HIGH).result()
        ended = time.perf_counter()
        assert cancelled == count
    after.append(ended - done)
    return ended - began


def _peer_cancel(count: int) -> float:
    with ThreadPoolExecutor(WORKERS) as pool:
        gate = _held(pool.submit)
        futures = [pool.submit(noop) for _ in range(count)]
        began = time.perf_counter()
        for future in futures:
            future.cancel()
        gate.set()
        pool.submit(noop).result()
        return time.perf_counter() - began


def memory(count: int) -> Claim:
    with JobQueue(WORKERS) as queue:
        gate = _held(queue.submit)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        handles = [queue.submit(noop) for _ in range(count)]
        each = (tracemalloc.get_traced_memory()[0] - before) / count
        tracemalloc.stop()
        for handle in handles:
            handle.cancel()
        gate.set()
    return Claim("jobs_memory", "a waiting job and its handle", "bytes", [each], 600)
