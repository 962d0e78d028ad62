"""Measures what is claimed of streams, beside its peers in the same run: ``python benchmarks/stream.py``.

A moving picture goes from one process to another, by rushes and by what others would use, each in turn.
``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks._harness import Claim
    from benchmarks.claims.stream_parts import Scale

# Also done in every process that the benchmarks start, which imports this file first.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
PARTS = ("rates", "transport", "faults")


def claims(scale: Scale, there: Mapping[str, str], parts: Sequence[str]) -> list[Claim]:
    import numpy as np

    from benchmarks._moving import picture
    from benchmarks.claims import stream_faults, stream_rates, stream_transport

    found: list[Claim] = []
    with tempfile.TemporaryDirectory(prefix="stream-bench-") as folder:
        pictures = Path(folder) / "pictures.npy"
        np.save(pictures, picture(scale.height, scale.width))
        if "rates" in parts:
            found += stream_rates.claims(scale, there, pictures)
        if "transport" in parts:
            found += stream_transport.claims(scale, there, pictures)
        if "faults" in parts:
            found += stream_faults.claims(scale, there, pictures)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks import _harness
    from benchmarks.claims import stream_parts

    options = _options(arguments)
    quick = options.quick
    there = stream_parts.installed(not options.no_peers)
    for package, found_there in there.items():
        if not found_there[:1].isdigit():
            print(f"{package} takes no part: {found_there}", file=sys.stderr)
    scale = stream_parts.QUICK if quick else stream_parts.FULL
    scale = replace(scale, rounds=options.rounds or scale.rounds, seconds=options.seconds or scale.seconds)
    load, started = os.getloadavg()[0], time.monotonic()
    found = claims(scale, there, options.part or PARTS)
    record = {
        "title": "Streams",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {"simplejpeg": version("simplejpeg"), **there},
        "claims": [claim.as_record() for claim in found],
    }
    whole = not (quick or options.part or options.rounds or options.seconds)
    out = options.out or (_harness.RESULTS.with_name("stream.json") if whole else None)
    if out is not None:
        _harness.save(record, out)
    for claim in found:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}", flush=True)
    return 1 if any(claim.holds is False for claim in found) and not quick else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--no-peers", action="store_true", help="only rushes, nothing beside it")
    parser.add_argument(
        "--part", choices=PARTS, action="append", help="only this part, nothing is kept; may be repeated"
    )
    parser.add_argument("--rounds", type=int, help="how many rounds instead of 3; nothing is kept")
    parser.add_argument("--seconds", type=float, help="how long each is timed instead of 8; nothing is kept")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/stream.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
