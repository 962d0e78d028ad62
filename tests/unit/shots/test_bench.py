"""The benchmark of shots runs and measures every claim it makes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_claim_is_measured(tmp_path):
    out = tmp_path / "shots.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/shots.py", "--quick", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    claims = {claim["id"]: claim for claim in json.loads(out.read_text())["claims"]}
    assert set(claims) == {"sooner", "dead_channel", "many"}
    assert all(claim["measured"] is not None for claim in claims.values())
    assert claims["sooner"]["measured"] > 1
    assert any("re-made from its described behaviour" in name for name in claims["sooner"]["parts"])
