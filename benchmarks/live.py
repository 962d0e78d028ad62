"""Measures what is claimed of the live view, with MJPEG in the same run: ``python benchmarks/live.py``.

``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing. ``--soak 300`` watches
the memory for five minutes instead of half a one. Without Chromium and playwright what needs a page is left out.
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
    from benchmarks.claims import live
    from benchmarks.peers import live_page

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run; the figures mean nothing")
    parser.add_argument("--rounds", type=int, default=5, help="of what is compared")
    parser.add_argument("--soak", type=float, default=30.0, help="seconds over which memory is watched")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/live.json")
    options = parser.parse_args()
    quick = options.quick
    load, started = os.getloadavg()[0], time.monotonic()
    rounds = 1 if quick else options.rounds
    claims = live.programs(rounds, 1.0 if quick else 4.0)
    claims += live.browser(rounds, *((0.3, 0.7) if quick else (2.0, 4.0)))
    claims += live.slow(2.0 if quick else 60.0)
    claims += live.crowd(1 if quick else 3, (1, 2) if quick else (1, 4, 16), 2.0 if quick else 6.0)
    claims += [live.ends(1 if quick else 3), live.memory(3.0 if quick else options.soak, 2 if quick else 16)]
    record = {
        "title": "The live view",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {
            "MJPEG": "of the same server",
            "the page's browser": live_page.missing() or live_page.version(),
        },
        "claims": [claim.as_record() for claim in claims],
    }
    # A quick run never replaces the figures that are kept.
    out = options.out or (None if quick else _harness.RESULTS.with_name("live.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>14}  {claim.title}")
        for name, part in claim.as_record()["parts"].items():
            print(f"        {part if isinstance(part, str) else part['median'] * 1e3:>14} ms   {name}")
    return 1 if any(claim.holds is False for claim in claims) and not quick else 0


if __name__ == "__main__":
    sys.exit(main())
