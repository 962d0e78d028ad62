"""Measures what is claimed of the job queue, beside the standard library's: ``python benchmarks/jobs.py``.

``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main() -> int:
    from benchmarks import _harness
    from benchmarks.claims import jobs_calls, jobs_waits

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run; the figures mean nothing")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/jobs.json")
    options = parser.parse_args()
    quick = options.quick
    load, started = os.getloadavg()[0], time.monotonic()
    claims = [
        *jobs_calls.claims(1000 if quick else 20_000, 1 if quick else 5),
        *jobs_waits.claims(50 if quick else 500, 1 if quick else 5, 12 if quick else 120),
    ]
    record = {
        "title": "The job queue",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {"ThreadPoolExecutor": "of this Python"},
        "claims": [claim.as_record() for claim in claims],
    }
    out = options.out or (None if quick else _harness.RESULTS.with_name("jobs.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}")
    missed = [claim.id for claim in claims if claim.holds is False]
    return 1 if missed and not quick else 0


if __name__ == "__main__":
    sys.exit(main())
