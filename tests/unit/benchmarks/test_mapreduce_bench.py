"""The benchmarks of map-reduce run with rushes alone, and what came is judged rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.claims.mapreduce import disordered, doubled, lost
from tests.unit.benchmarks.records import check_form

ROOT = Path(__file__).resolve().parents[3]
NEEDS_RAY = {"arrays_ray", "through_ray"}
NOTHING_GOES_WRONG = {
    "calm_disordered",
    "kill_lost",
    "kill_untold",
    "kill_doubled",
    "kill_disordered",
    "hub_lost",
}


@pytest.mark.long
def test_every_claim_is_measured_without_peers(tmp_path: Path) -> None:
    out = tmp_path / "mapreduce.json"
    line = [sys.executable, "benchmarks/mapreduce.py", "--quick", "--no-peers", "--out", str(out)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "ray takes no part" in done.stderr
    record: dict[str, Any] = json.loads(out.read_text())
    check_form(record)
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert {name for name, claim in claims.items() if claim["measured"] is None} == NEEDS_RAY, done.stderr
    assert all(claims[name]["measured"] == 0 for name in NOTHING_GOES_WRONG)


def test_what_came_is_judged_by_its_numbers() -> None:
    run = {"numbers": [0, 2, 1, 4, 4]}
    assert (lost(run, 6), doubled(run), disordered(run)) == (2, 1, 1)
    assert (lost({"numbers": [0, 1]}, 2), doubled({"numbers": []}), disordered({"numbers": []})) == (0, 0, 0)
