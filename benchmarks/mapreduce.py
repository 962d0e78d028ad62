"""Measures what is claimed of map-reduce, beside its peers in the same run: ``python benchmarks/mapreduce.py``.

Hubs, workers and receivers are programs of their own, as they would be on several machines; all on this one.
``--quick`` runs a little of everything, at the same time, to see that it runs at all: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Also done in every process that the benchmarks start, which imports this file first.
sys.path[0] = str(Path(__file__).resolve().parent.parent)


def installed(wanted: bool) -> dict[str, str]:
    """Version of each package other people wrote, or why it takes no part."""
    from benchmarks.claims.mapreduce import PACKAGES
    from benchmarks.claims.stream_parts import installed as usable

    found = usable(wanted)  # pystreaming codes with a library of the system
    there = {package: found.get(package, "left out") for package in PACKAGES.values()}
    if wanted:
        try:
            there["ray"] = version("ray")
        except PackageNotFoundError:
            there["ray"] = "not installed"
    return there


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks import _harness
    from benchmarks.claims import mapreduce

    options = _options(arguments)
    there = installed(not options.no_peers)
    for package, found_there in there.items():
        if not found_there[:1].isdigit():
            print(f"{package} takes no part: {found_there}", file=sys.stderr)
    scale = mapreduce.QUICK if options.quick else mapreduce.FULL
    scale = replace(scale, rounds=options.rounds or scale.rounds)
    load, started = os.getloadavg()[0], time.monotonic()
    found = mapreduce.claims(scale, there)
    record = {
        "title": "Map-reduce",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {"nats-py": version("nats-py"), **there},
        "claims": [claim.as_record() for claim in found],
    }
    whole = not (options.quick or options.rounds)
    out = options.out or (_harness.RESULTS.with_name("mapreduce.json") if whole else None)
    if out is not None:
        _harness.save(record, out)
    for claim in found:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}", flush=True)
    return 1 if any(claim.holds is False for claim in found) and not options.quick else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--no-peers", action="store_true", help="only rushes, nothing beside it")
    parser.add_argument("--rounds", type=int, help="how many rounds instead of 3; nothing is kept")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/mapreduce.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
