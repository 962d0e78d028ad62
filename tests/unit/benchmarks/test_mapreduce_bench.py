"""The benchmarks of map-reduce run with rushes alone, and what came is judged rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.claims.mapreduce import disordered, doubled, ended, lost
from tests.support.nats_hub import gone
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


def test_a_contender_that_does_not_end_is_told_without_a_path_and_takes_its_children_along(
    tmp_path: Path,
) -> None:
    told = tmp_path / "child"
    program = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with pytest.raises(RuntimeError, match="it had not ended after 3 s"):
        ended([sys.executable, "-c", program, str(told)], 3.0)
    assert gone(int(told.read_text()))


def test_nothing_that_is_kept_names_a_place_of_the_machine() -> None:
    for path in (ROOT / "benchmarks" / "results").rglob("*.json"):
        assert str(ROOT) not in path.read_text(encoding="utf-8"), path
        assert "/bin/python" not in path.read_text(encoding="utf-8"), path
