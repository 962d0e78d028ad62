"""The image loader's benchmarks run and measure every claim they make; a peer that is not there is said to be so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLAIMS = {
    "schedule_seed",
    "schedule_pool",
    "empty_seed",
    "empty_pool",
    "tiles_2",
    "tiles_2_seed",
    "tiles_4",
    "tiles_4_seed",
    "storm_pool",
    "storm_seed",
    "storm_wasted",
    "storm_loads",
    "storm_call",
}
AGAINST_SEED = {"schedule_seed", "empty_seed", "tiles_2_seed", "tiles_4_seed", "storm_seed"}


def test_every_claim_is_measured(tmp_path):
    out = tmp_path / "loader.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/loader.py", "--quick", "--no-peers", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(out.read_text())
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert record["quick"]
    assert set(claims) == CLAIMS
    assert {name for name, claim in claims.items() if claim["measured"] is None} == AGAINST_SEED
    assert record["peers"] == {"wolfhece": "not installed"}
    for name in AGAINST_SEED:
        assert claims[name]["parts"]["wolfhece"] == "not installed"
