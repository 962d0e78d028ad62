"""``python -m tests.soak --for 10m``: harms the built-in station, and proves what is promised of it."""

from __future__ import annotations

import argparse
import functools
import signal
import sys
from pathlib import Path

from benchmarks._harness import save
from rushes.limits import parse_duration
from tests.soak.run import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--for", dest="long", default="10m", help='how long: "30s", "10m", "1h"')
    parser.add_argument("--seed", type=int, default=1, help="of the order of harms")
    parser.add_argument("--json", type=Path, help="where to keep what was found")
    parser.add_argument("--keep", type=Path, help="a folder that stays, with logs and recordings")
    options = parser.parse_args()
    # So that the station ends with it: left alone, a process that is told to end takes nobody along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = functools.partial(print, flush=True)
    report = soak(parse_duration(options.long), options.seed, keep=options.keep, say=say)
    if options.json is not None:
        save(report.as_record(), options.json)
    print(report.table())
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
