"""What one process alone can time: the copy in, and finding frames that are there."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._harness import FULL_HD, TINY, Claim, Scale, per_call, ratios, take_turns
from benchmarks.peers import memcpy, seed
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SLOTS = 8
MANY = 64


def claims(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    return [*copies(scale, there), *lookups(scale)]


def copies(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    frame = np.random.default_rng(1).integers(0, 256, FULL_HD, np.uint8)
    shared, private = memcpy.shared(frame, SLOTS), memcpy.private(frame, SLOTS)
    with ExitStack() as stack:
        depot = stack.enter_context(Depot.create(slots=SLOTS, shape=FULL_HD))

        def put_and_read() -> None:
            depot.put(frame)
            lease = depot.newest()
            if lease is not None:
                _ = lease.array
                lease.release()

        def one_frame() -> None:
            put_and_read()
            depot.clear()

        contenders: dict[str, Callable[[], float]] = {
            "shared": lambda: per_call(shared, scale.copies),
            "private": lambda: per_call(private, scale.copies),
            "put": lambda: per_call(lambda: depot.put(frame), scale.copies),
            "one frame": lambda: per_call(one_frame, scale.copies),
            "put and read": lambda: per_call(put_and_read, scale.copies),
        }
        if there["seed"]:
            contenders["seed"] = stack.enter_context(seed.timed(frame, scale.copies))
        take_turns(contenders, 1)  # nobody's first touch is timed
        took = take_turns(contenders, scale.repeats)
    return [
        Claim(
            "put_copy",
            f"put of a 1080p BGR frame: np.copyto into a ring of {SLOTS} in shared memory",
            "×",
            ratios(took["put"], took["shared"]),
            1.10,
            parts={"rushes": took["put"], "np.copyto, shared memory": took["shared"]},
        ),
        Claim(
            "put_private",
            f"the same: np.copyto into a ring of {SLOTS} in private memory, in huge pages if there are any",
            "×",
            ratios(took["put"], took["private"]),
            parts={"rushes": took["put"], "np.copyto, private memory": took["private"]},
        ),
        *_against_seed(took),
    ]


def _against_seed(took: Mapping[str, list[float]]) -> list[Claim]:
    """It has one frame of shared memory, hot in the cache; ours has that only if each frame is cleared."""
    theirs = took.get("seed", [])

    def claim(id_: str, title: str, ours: str, target: float | None) -> Claim:
        parts: dict[str, Sequence[float] | str] = {
            "rushes": took[ours],
            "gh-frames-depot": theirs or "not installed",
        }
        return Claim(id_, title, "×", ratios(took[ours], theirs) if theirs else (), target, parts=parts)

    return [
        claim(
            "seed",
            "put, zero-copy read and clear of a 1080p frame: enqueue and get_frame of gh-frames-depot",
            "one frame",
            0.6,
        ),
        claim(
            "seed_ring", f"the same with {SLOTS} frames kept, each overwritten in turn", "put and read", None
        ),
    ]


def lookups(scale: Scale) -> list[Claim]:
    with Depot.create(slots=MANY, shape=TINY) as depot, Depot.create(slots=MANY, shape=TINY) as lending:
        frame = np.zeros(TINY, np.uint8)
        for number in range(MANY):
            depot.put(frame, number)
        calls = _calls(depot, lending)
        took = take_turns({k: _timed(fn, scale.calls) for k, fn in calls.items()}, scale.repeats)
    titles = {
        "read_newest": ("newest(), its array and release", 1.5),
        "read_get": ("get(number), its array and release", 1.5),
        "read_next": ("next(sequence) with the frame there, its array and release", 1.5),
        "find_hit": (f"get(number) and release among {MANY} slots, no array", 0.5),
        "find_miss": (f"get(number) of a frame that is not there, {MANY} slots", 0.5),
        "loan_publish": ("loan and publish without touching the pixels", 2.0),
    }
    return [
        Claim(name, title, "µs", [1e6 * t for t in took[name]], target)
        for name, (title, target) in titles.items()
    ]


def _timed(fn: Callable[[], object], calls: int) -> Callable[[], float]:
    return lambda: per_call(fn, calls)


def _calls(depot: Depot, lending: Depot) -> dict[str, Callable[[], object]]:
    """Numbers and sequences go round over all slots, so that neither the first nor the last is favoured."""
    numbers = itertools.cycle(range(MANY))
    before_head = depot.head - 1

    def read_newest() -> None:
        lease = depot.newest()
        _ = lease.array  # type: ignore[union-attr]
        lease.release()  # type: ignore[union-attr]

    def read_get() -> None:
        lease = depot.get(next(numbers))
        _ = lease.array  # type: ignore[union-attr]
        lease.release()  # type: ignore[union-attr]

    def read_next() -> None:
        lease = depot.next(before_head)
        _ = lease.array  # type: ignore[union-attr]
        lease.release()  # type: ignore[union-attr]

    return {
        "read_newest": read_newest,
        "read_get": read_get,
        "read_next": read_next,
        "find_hit": lambda: depot.get(next(numbers)).release(),  # type: ignore[union-attr]
        "find_miss": lambda: depot.get(1 << 40),
        "loan_publish": lambda: lending.loan().publish(0),
    }
