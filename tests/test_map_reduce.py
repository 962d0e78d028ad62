"""The example of map-reduce, as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "map_reduce.py"


def test_a_killed_worker_costs_nothing_and_a_bad_frame_is_told():
    run = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "frame 7 is given up: error",
        "59 results, in order: True; the last: {'mean': 59}",
        "expected 60, dropped {'error': 1}",
        "the workers ended with [-9, 0]",
    ]
    assert "too dark" in run.stderr


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 70
