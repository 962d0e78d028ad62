"""Measures what is claimed of the archive: ``python benchmarks/archive.py``.

A minute of 1080p is recorded; pictures of random moments are fetched from it by rushes and by the ways that
others use, each in turn. ``--quick`` runs a little of everything, to see that it runs at all.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._harness import Claim

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)


def claims(*, quick: bool) -> list[Claim]:
    from benchmarks.claims.archive_index import floor_lookup_claim, spans_claim
    from benchmarks.claims.archive_moments import moment_claims, right_claims, together_claim
    from benchmarks.claims.archive_whole import cost_claim, export_claim, record, reopen_claim
    from benchmarks.peers.archived import FPS, Pan
    from rushes.archive import Archive

    width, height, seconds = (640, 360, 4) if quick else (1920, 1080, 60)
    rounds, each = (1, 4) if quick else (7, 12)
    found: list[Claim] = []
    with tempfile.TemporaryDirectory(prefix="archive-bench-") as folder:
        record(Path(folder), Pan(seconds * FPS, width, height))
        (path,) = Path(folder).rglob("*.mp4")
        # Nothing is kept from one moment to the next: each is asked for as if it were the first.
        with Archive(folder, mode="r", cache_bytes=0) as archive:
            found += moment_claims(archive, path, seconds, rounds=rounds, each=each)
            found += right_claims(
                archive, path, seconds, ours_times=30 if quick else 1000, their_times=4 if quick else 100
            )
            found.append(together_claim(archive, seconds, rounds=rounds, each=4 if quick else 24))
            found.append(export_claim(archive, seconds, rounds=rounds))
        pictures = seconds * FPS // 2
        found.append(reopen_claim(1_600 if quick else 100_000, path, pictures, rounds=1 if quick else 3))
    found.append(cost_claim(width, height, 50 if quick else 250, rounds=1 if quick else 5))
    found.append(floor_lookup_claim(rows=10_000, lookups=200, rounds=1) if quick else floor_lookup_claim())
    found.append(spans_claim(days=1, rounds=2) if quick else spans_claim())
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks import _harness
    from benchmarks.peers.archived import peers

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/archive.json")
    options = parser.parse_args(arguments)
    load, started = os.getloadavg()[0], time.monotonic()
    found = claims(quick=options.quick)
    record = {
        "title": "The archive",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": dict.fromkeys(peers(), "taken part"),
        "claims": [claim.as_record() for claim in found],
    }
    out = options.out or (None if options.quick else _harness.RESULTS.with_name("archive.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in found:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}", flush=True)
    return 1 if any(claim.holds is False for claim in found) and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
