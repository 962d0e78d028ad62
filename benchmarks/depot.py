"""Measures what is claimed of the depot, beside its peers in the same run: ``python benchmarks/depot.py``.

``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing.
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
    from benchmarks._harness import Claim, Scale

# Also done in every process that the benchmarks start, which imports this file first.
sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main() -> int:
    from benchmarks import _harness

    options = _options()
    quick = options.quick
    there = _harness.installed(() if options.no_peers else tuple(_harness.THIRD_PARTY))
    load = os.getloadavg()[0]
    started = time.monotonic()
    claims = _run(_harness.QUICK if quick else _harness.FULL, there)
    record = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {_harness.THIRD_PARTY[k]: v or "not installed" for k, v in there.items()},
        "claims": [claim.as_record() for claim in claims],
    }
    # A quick run never replaces the figures that are kept.
    out = options.out or (None if quick else _harness.RESULTS)
    if out is not None:
        _harness.save(record, out)
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}")
    missed = [claim.id for claim in claims if claim.holds is False]
    return 1 if missed and not quick else 0


def _run(scale: Scale, there: dict[str, str | None]) -> list[Claim]:
    from benchmarks.claims import blast, bounds, death, local, wake

    found: list[Claim] = []
    # Memory first: what other claims leave mapped must not be taken for growth.
    for module in (bounds, local, wake, blast, death):
        print(f"{module.__name__.rpartition('.')[2]} …", file=sys.stderr, flush=True)
        found += module.claims(scale, there)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--no-peers", action="store_true", help="leave out what other people wrote")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/depot.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
