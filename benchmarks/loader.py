"""Measures what is claimed of the image loader, beside its peers in the same run: ``python benchmarks/loader.py``.

``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks._harness import Claim
    from benchmarks.peers.image_loaders import Contender

sys.path[0] = str(Path(__file__).resolve().parent.parent)

Maker = Callable[[int], "Contender"]
OURS, POOL, SEED = "rushes", "ThreadPoolExecutor", "wolfhece"
_ABSENT = "not installed"
WORKERS, COLUMNS, ROWS = 4, 8, 5
GIVE_UP_S = 6.0


@dataclass(frozen=True)
class Scale:
    """How much of everything is run."""

    rounds: int
    calls: int
    tiles: int
    pans: int
    storms: int


FULL = Scale(rounds=7, calls=20_000, tiles=4000, pans=120, storms=5)
QUICK = Scale(rounds=2, calls=300, tiles=60, pans=6, storms=1)


def per_schedule(make: Maker, calls: int) -> float:
    """Seconds for each call that asks for an image, all workers decoding meanwhile."""
    import simplejpeg

    from benchmarks._tiles import Countdown, tile_jpegs

    jpeg = tile_jpegs()[0]
    contender, go, ready = make(WORKERS), threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        ready.release()
        while not go.is_set():
            simplejpeg.decode_jpeg(jpeg)

    for number in range(WORKERS):
        contender.schedule(f"hold_{number}", hold, _ignore)
    for _ in range(WORKERS):
        ready.acquire()
    names = [f"tile_{number}" for number in range(calls)]
    done = Countdown(calls)
    start = time.perf_counter()
    for name in names:
        contender.schedule(name, _nothing, done)
    took = time.perf_counter() - start
    go.set()
    done.wait()
    contender.close()
    return took / calls


def per_load(make: Maker, loads: Sequence[Callable[[], Any]], workers: int) -> float:
    """Seconds for each, from the first call to the last callback."""
    from benchmarks._tiles import Countdown

    contender, done = make(workers), Countdown(len(loads))
    start = time.perf_counter()
    for number, load in enumerate(loads):
        contender.schedule(f"tile_{number}", load, done)
    done.wait()
    took = time.perf_counter() - start
    contender.close()
    return took / len(loads)


@dataclass
class Storm:
    """What one storm of pans came to."""

    last_view_s: float
    loads: int
    wasted: int
    call_s: list[float]


def storm(make: Maker, pans: int) -> Storm:
    """A view of 8 × 5 tiles moves by a column 60 times a second; a tile is 8 ms of waiting and a decode."""
    import simplejpeg

    from benchmarks._tiles import tile_jpegs

    jpegs = tile_jpegs()
    lock, complete = threading.Lock(), threading.Event()
    have: set[tuple[int, int]] = set()
    view, before = frozenset[tuple[int, int]](), frozenset[tuple[int, int]]()
    loads, wasted, call_s = 0, 0, list[float]()

    def load(tile: tuple[int, int]) -> Any:
        nonlocal loads, wasted
        with lock:
            loads += 1
            # A load may be chosen just before the view moves; it is in vain when two moves ago it was over.
            wasted += tile not in view and tile not in before
        time.sleep(0.008)
        return simplejpeg.decode_jpeg(jpegs[tile[0] % len(jpegs)])

    def arrived(tile: tuple[int, int], image: Any) -> None:
        with lock:
            if image is not None:
                have.add(tile)
            if view <= have:
                complete.set()

    contender, begin = make(WORKERS), time.perf_counter()
    for pan in range(pans):
        _until(begin + pan / 60)
        with lock:
            complete.clear()
            before, view = view, frozenset((pan + x, y) for y in range(ROWS) for x in range(COLUMNS))
            lacking = sorted(view - have)
        start = time.perf_counter()
        contender.look(lacking, (pan + COLUMNS / 2, ROWS / 2), load, arrived)
        call_s.append(time.perf_counter() - start)
    last = time.perf_counter()
    there = complete.wait(GIVE_UP_S)
    took = time.perf_counter() - last if there else GIVE_UP_S
    contender.close()
    return Storm(took, loads, wasted, call_s)


def _ignore(image: Any) -> None:
    return None


def _nothing() -> None:
    return None


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))


def claims(scale: Scale, makers: dict[str, Maker]) -> list[Claim]:
    return [*_schedule_claims(scale, makers), *_tile_claims(scale, makers), *_storm_claims(scale, makers)]


def _schedule_claims(scale: Scale, makers: dict[str, Maker]) -> list[Claim]:
    times = _turns(makers, scale.rounds, lambda make: per_schedule(make, scale.calls))
    whole = _turns(makers, scale.rounds, lambda make: per_load(make, [_nothing] * scale.calls, WORKERS))
    title = "schedule_load() with all workers decoding"
    return [
        _ratio("schedule_seed", f"{title}: wolfhece's", times, OURS, SEED, 0.1),
        _ratio(
            "empty_seed",
            "a load of nothing, asked for, run and called back: wolfhece's",
            whole,
            OURS,
            SEED,
            None,
        ),
        _ratio("empty_pool", "the same: ThreadPoolExecutor's", whole, OURS, POOL, None),
        _ratio("schedule_pool", "the same: submit() of ThreadPoolExecutor", times, OURS, POOL, None),
    ]


def _tile_claims(scale: Scale, makers: dict[str, Maker]) -> list[Claim]:
    import simplejpeg

    from benchmarks._tiles import tile_jpegs

    jpegs, found = tile_jpegs(), list["Claim"]()
    loads = [partial(simplejpeg.decode_jpeg, jpegs[turn % len(jpegs)]) for turn in range(scale.tiles)]
    for workers in (2, 4):
        times = _turns(makers, scale.rounds, lambda make, n=workers: per_load(make, loads, n))  # type: ignore[misc]
        title = f"256 × 256 JPEG tiles per second on {workers} threads"
        found.append(
            _ratio(f"tiles_{workers}", f"{title}: ThreadPoolExecutor's", times, POOL, OURS, 0.97, True)
        )
        found.append(_ratio(f"tiles_{workers}_seed", f"{title}: wolfhece's", times, SEED, OURS, None, True))
    return found


def _storm_claims(scale: Scale, makers: dict[str, Maker]) -> list[Claim]:
    from benchmarks._harness import Claim

    runs: dict[str, list[Storm]] = {name: [] for name in makers}
    for _ in range(scale.storms):
        for name, make in makers.items():
            runs[name].append(storm(make, scale.pans))
    times = {name: [each.last_view_s for each in found] for name, found in runs.items()}
    title = "a storm of overlapping pans, until the last view is complete"
    found = [
        _ratio("storm_pool", f"{title}: ThreadPoolExecutor with cancel", times, OURS, POOL, 1 / 3),
        _ratio(
            "storm_seed",
            f"the same: wolfhece with cancel (gives up after {GIVE_UP_S:g} s)",
            times,
            OURS,
            SEED,
            None,
        ),
    ]
    wasted = Claim("storm_wasted", "loads begun for tiles that had left the view", "loads", target=0)
    wasted.values = [each.wasted for each in runs[OURS]]
    loads = Claim("storm_loads", "loads run in a storm", "loads", [each.loads for each in runs[OURS]])
    peers = {name: runs.get(name, ()) for name in (POOL, SEED)}
    wasted.parts = {name: [each.wasted for each in storms] or _ABSENT for name, storms in peers.items()}
    loads.parts = {name: [each.loads for each in storms] or _ABSENT for name, storms in peers.items()}
    p99 = Claim("storm_call", "99th percentile of the call that says what the view lacks", "ms", target=4.0)
    p99.values = [_p99(each.call_s) * 1e3 for each in runs[OURS]]
    p99.parts = {name: [_p99(each.call_s) for each in found] for name, found in runs.items()}
    return [*found, wasted, loads, p99]


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _turns(makers: dict[str, Maker], rounds: int, run: Callable[[Maker], float]) -> dict[str, list[float]]:
    from benchmarks._harness import take_turns

    return take_turns({name: lambda make=make: run(make) for name, make in makers.items()}, rounds)  # type: ignore[misc]


def _ratio(
    id: str,
    title: str,
    times: dict[str, list[float]],
    over: str,
    under: str,
    target: float | None,
    least: bool = False,
) -> Claim:
    from benchmarks._harness import Claim, ratios

    parts: dict[str, Any] = {name: times.get(name, _ABSENT) for name in (over, under)}
    values = ratios(times[over], times[under]) if over in times and under in times else ()
    return Claim(id, title, "×", values, target, least, parts)


def main() -> int:
    from benchmarks import _harness
    from benchmarks.peers import image_loaders

    options = _options()
    seed = None if options.no_peers else image_loaders.seed_there()
    makers: dict[str, Maker] = {OURS: image_loaders.Ours, POOL: image_loaders.Pool}
    if seed:
        makers[SEED] = image_loaders.Seed
    load, started = os.getloadavg()[0], time.monotonic()
    found = claims(QUICK if options.quick else FULL, makers)
    record = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {SEED: seed or _ABSENT},
        "claims": [claim.as_record() for claim in found],
    }
    out = options.out or (None if options.quick else _harness.RESULTS.with_name("loader.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in found:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}")
    return 1 if any(claim.holds is False for claim in found) and not options.quick else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--no-peers", action="store_true", help="leave out what other people wrote")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/loader.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
