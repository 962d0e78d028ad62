"""Measures what it costs to have more of it: ``python benchmarks/growth.py``.

Channels of a station, readers of a depot, jobs that wait, days in an archive, stations at a hub. ``--quick`` runs a
little of everything, to see that it runs at all: its figures mean nothing. ``--part NAME`` runs one of "channels",
"readers", "queue", "archive" and "fleet"; then nothing is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._growth_curve import Curve
    from benchmarks._harness import Claim

# Also done in every process that the benchmarks start, which imports this file first.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

PARTS = ("channels", "readers", "queue", "archive", "fleet")
DAY, WEEK, MONTH, YEAR = 1, 7, 30, 365

# Amounts, perhaps seconds for each, and rounds: in earnest, and quickly.
_Timed = tuple[tuple[int, ...], float, int]
_Counted = tuple[tuple[int, ...], int]
CHANNELS: tuple[_Timed, _Timed] = ((1, 2, 4, 8, 16), 12.0, 2), ((1, 2), 1.5, 1)
BEYOND = (24, 32)
READERS: tuple[_Timed, _Timed] = ((1, 2, 4, 8), 3.0, 5), ((1, 2), 0.3, 1)
QUEUE: tuple[_Counted, _Counted] = ((1000, 10_000, 100_000, 1_000_000), 3), ((100, 1000), 1)
FLEET: tuple[_Counted, _Counted] = ((1, 4, 16, 64), 5), ((1, 2), 1)
ARCHIVE: tuple[tuple[tuple[float, ...], int], ...] = ((DAY, WEEK, MONTH, YEAR), 3), ((0.02, 0.05), 1)


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks import _harness

    options = _options(arguments)
    quick, parts = options.quick, options.part or PARTS
    load, started = os.getloadavg()[0], time.monotonic()
    curves, claims = [], []
    for name in parts:
        print(f"{name} …", file=sys.stderr, flush=True)
        curve, found = _measure(name, quick)
        curves.append(curve)
        claims += found
    record = {
        "title": "Growth",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {"less of it": "in the same run"},
        "claims": [claim.as_record() for claim in claims],
        "curves": {curve.id: curve.as_record() for curve in curves},
    }
    kept = _harness.RESULTS.with_name("growth.json")
    # A quick run, or a part, never replaces the figures that are kept.
    out = options.out or (None if quick or options.part else kept)
    if out is not None:
        _harness.save(record, out)
    _show(curves, claims)
    return 1 if any(claim.holds is False for claim in claims) and not quick else 0


def _measure(part: str, quick: bool) -> tuple[Curve, list[Claim]]:
    from benchmarks.claims import (
        growth_archive,
        growth_channels,
        growth_fleet,
        growth_queue,
        growth_readers,
    )

    if part == "channels":
        counts, seconds, rounds = CHANNELS[quick]
        return growth_channels.measure(counts, seconds, rounds, () if quick else BEYOND)
    if part == "readers":
        counts, seconds, rounds = READERS[quick]
        return growth_readers.measure(counts, seconds, rounds)
    if part == "queue":
        return growth_queue.measure(*QUEUE[quick])
    if part == "fleet":
        return growth_fleet.measure(*FLEET[quick])
    days, rounds = ARCHIVE[quick]
    return growth_archive.measure(days, rounds, asked=20 if quick else 2000)


def _show(curves: Sequence[Curve], claims: Sequence[Claim]) -> None:
    for curve in curves:
        print(curve.title)
        for series in curve.series.values():
            values = " ".join(
                "-" if value is None else f"{value:.4g}" for value in map(series.median, curve.amounts)
            )
            print(f"    {values} {series.unit}   {series.title}")
        for name, fact in curve.facts.items():
            print(f"    {name}: {'-' if fact is None else f'{fact:.4g}'}")
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; nothing is kept")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/growth.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
