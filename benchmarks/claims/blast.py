"""One writer as fast as it can, four readers that look at every frame they get."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._harness import FULL_HD, Claim, Scale
from benchmarks._line import PATIENCE_S, SPAWN, finish
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

READERS = 4
LAST = 1 << 40  # the number that ends a reader


def claims(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    del there
    shares: list[float] = []
    rates: list[float] = []
    seen: list[float] = []
    for _ in range(scale.rounds):
        puts, took_s, got = blast(scale.blast_s)
        shares.append(100 * min(got) / puts)
        rates.append(puts / took_s)
        seen.append(sum(got) / took_s)
    return [
        Claim(
            "blast_share",
            f"share of all puts that the slowest of {READERS} readers got: 1080p, 8 slots, full speed",
            "%",
            shares,
            85.0,
            at_least=True,
            parts={"puts per second": rates, "frames read per second, all readers": seen},
        )
    ]


def blast(seconds: float) -> tuple[int, float, list[int]]:
    """Puts, the seconds they took, and how many frames each reader saw."""
    frame = np.full(FULL_HD, 7, np.uint8)
    with Depot.create(f"bench-{secrets.token_hex(4)}", slots=8, shape=FULL_HD) as depot:
        lines = [SPAWN.Pipe() for _ in range(READERS)]
        children: list[Any] = [
            SPAWN.Process(target=_read, args=(depot.name, there), daemon=True) for _, there in lines
        ]
        try:
            for child in children:
                child.start()
            for here, _ in lines:
                _expect(here)
            puts = 0
            start = time.perf_counter()
            while (took_s := time.perf_counter() - start) < seconds:
                depot.put(frame, puts)
                puts += 1
            depot.put(frame, LAST)
            got = [int(_expect(here)) for here, _ in lines]
        finally:
            finish(children)
    return puts, took_s, got


def _expect(line: Connection) -> Any:
    if not line.poll(PATIENCE_S):
        raise TimeoutError("a reader gave no answer")
    return line.recv()


def _read(name: str, line: Connection) -> None:
    seen = 0
    with Depot.attach(name) as depot:
        frames = depot.frames(-1)
        line.send("ready")
        for lease in frames:
            if lease.number == LAST:
                break
            _ = lease.array
            seen += 1
        line.send(seen)
        frames.close()
