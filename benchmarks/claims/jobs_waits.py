"""How long jobs wait: on an idle queue, beside hung and dead ones, and while a view moves."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._harness import Claim, ratios, take_turns
from rushes import JobQueue, Request

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 4
COLUMNS, ROWS = 8, 5
TILE_S = 0.008


def claims(samples: int, rounds: int, pans: int) -> list[Claim]:
    return [*dispatch(samples, rounds), hung(rounds), dead(rounds), *storm(rounds, pans), idle()]


def dispatch(samples: int, rounds: int) -> list[Claim]:
    def ours() -> list[float]:
        with JobQueue(WORKERS) as queue:
            return _starts(queue.submit, samples)

    def peer() -> list[float]:
        with ThreadPoolExecutor(WORKERS) as pool:
            return _starts(pool.submit, samples)

    tails: dict[str, list[float]] = {"ours": [], "peer": []}

    def middle(name: str, measured: list[float]) -> float:
        measured.sort()
        tails[name].append(measured[len(measured) * 99 // 100])
        return measured[len(measured) // 2]

    took = take_turns(
        {"ours": lambda: middle("ours", ours()), "peer": lambda: middle("peer", peer())}, rounds
    )
    out = []
    for name, title, found, target in (("p50", "half", took, 1.2), ("p99", "99 of 100", tails, 2.0)):
        parts = {"rushes": found["ours"], "the other": found["peer"]}
        text = f"from submit on an idle queue to the start, {title} take at most: ThreadPoolExecutor"
        out.append(
            Claim(f"jobs_{name}", text, "×", ratios(found["ours"], found["peer"]), target, parts=parts)
        )
    return out


def _starts(submit: Callable[..., Any], samples: int) -> list[float]:
    waits = []
    for _ in range(samples):
        started, at = threading.Event(), [0.0]

        def note(at: list[float] = at, started: threading.Event = started) -> None:
            at[0] = time.perf_counter()
            started.set()

        began = time.perf_counter()
        submit(note)
        started.wait()
        waits.append(at[0] - began)
        time.sleep(0.0005)
    return waits


def hung(rounds: int) -> Claim:
    values = []
    for _ in range(rounds):
        gate = threading.Event()
        with JobQueue(WORKERS) as queue:
            began = time.perf_counter()
            for _ in range(WORKERS):
                queue.submit(gate.wait, timeout_s=0.2)
            queue.submit(int).result()
            values.append(1e3 * (time.perf_counter() - began - 0.2))
            gate.set()
    return Claim("jobs_hung", "all 4 workers hang: the next job after their time-out", "ms", values, 50.0)


def dead(rounds: int) -> Claim:
    values = []
    for _ in range(rounds):
        gate = threading.Event()
        with JobQueue(WORKERS, limits={"dead": 2}) as queue:
            for _ in range(1000):
                queue.submit(gate.wait, limit="dead")
            began = time.perf_counter()
            queue.submit(int).result()
            values.append(1e3 * (time.perf_counter() - began))
            queue.cancel(where=lambda handle: handle.state == "in_queue")
            gate.set()
    return Claim("jobs_dead", "1,000 jobs on a dead channel: a job of another is done in", "ms", values, 5.0)


def view(left: int) -> list[tuple[int, int]]:
    return [(x, y) for x in range(left, left + COLUMNS) for y in range(ROWS)]


class Tiles:
    """Loads that count what was no longer in view when it began.

    Neither in this view nor in the one before: a worker may have taken its tile right before the view moved and come
    to its first line right behind it.
    """

    def __init__(self) -> None:
        self.before: set[tuple[int, int]] = set()
        self.wanted: set[tuple[int, int]] = set()
        self.have: set[tuple[int, int]] = set()
        self.wasted = 0

    def move(self, seen: list[tuple[int, int]]) -> None:
        self.before, self.wanted = self.wanted, set(seen)

    def load(self, tile: tuple[int, int]) -> None:
        if tile not in self.wanted and tile not in self.before:
            self.wasted += 1
        time.sleep(TILE_S)
        self.have.add(tile)


def storm(rounds: int, pans: int) -> list[Claim]:
    """60 pans a second by one column each; how long after the last one all 40 tiles are there."""
    wasted: list[float] = []
    pauses: list[float] = []
    took = take_turns(
        {"ours": lambda: _pan_ours(pans, wasted, pauses), "peer": lambda: _pan_peer(pans)}, rounds
    )
    parts = {"rushes": took["ours"], "the other": took["peer"]}
    return [
        Claim(
            "jobs_storm",
            "pan storm, last view complete: ThreadPoolExecutor with every obsolete future cancelled",
            "×",
            ratios(took["ours"], took["peer"]),
            1 / 3,
            parts=parts,
        ),
        Claim("jobs_wasted", "pan storm: tiles begun that were out of view", "tiles", wasted, 0),
        Claim("jobs_pan", "pan storm: one want() on the caller's thread, 99 of 100", "ms", pauses, 4.0),
    ]


def _pan_ours(pans: int, wasted: list[float], pauses: list[float]) -> float:
    tiles, spent = Tiles(), []
    with JobQueue(WORKERS) as queue:
        for left in range(pans):
            seen = view(left)
            tiles.move(seen)
            began = time.perf_counter()
            requests = [Request(tile, tiles.load, args=(tile,)) for tile in seen if tile not in tiles.have]
            queue.want("view", requests)
            spent.append(time.perf_counter() - began)
            if left < pans - 1:
                time.sleep(1 / 60)
        began = time.perf_counter()
        queue.drain()
        took = time.perf_counter() - began
    spent.sort()
    wasted.append(tiles.wasted)
    pauses.append(1e3 * spent[len(spent) * 99 // 100])
    return max(took, 1e-4)


def _pan_peer(pans: int) -> float:
    tiles, futures = Tiles(), list[Future[None]]()
    with ThreadPoolExecutor(WORKERS) as pool:
        for left in range(pans):
            for future in futures:
                future.cancel()
            seen = view(left)
            tiles.move(seen)
            futures = [pool.submit(tiles.load, tile) for tile in seen if tile not in tiles.have]
            if left < pans - 1:
                time.sleep(1 / 60)
        began = time.perf_counter()
        for future in futures:
            future.result()
        return time.perf_counter() - began


def idle() -> Claim:
    """Voluntary switches of the queue's own threads: each would be a wake-up."""
    with JobQueue(WORKERS) as queue:
        for _ in range(100):
            queue.submit(int, timeout_s=0.05, callback=lambda _: None).result()
        time.sleep(0.2)
        before = _switches()
        time.sleep(1.0)
        # The thread that counts wakes up once itself, at the end of its sleep.
        count = _switches() - before - 1
    return Claim("jobs_idle", "wake-ups of an idle queue in one second", "wake-ups", [max(0, count)], 0)


def _switches() -> int:
    total = 0
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))
    return total
