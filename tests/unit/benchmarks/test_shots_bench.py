"""What the shots' benchmark keeps has the form that the report reads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.unit.benchmarks.records import ROOT, check_form

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_kept_has_the_common_form(tmp_path: Path) -> None:
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
    record = json.loads(out.read_text())
    check_form(record)
    assert record["title"] == "Shots"
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert set(claims) == {"sooner", "dead_channel", "many"}
    assert all(claim["measured"] is not None for claim in claims.values())
    assert claims["sooner"]["measured"] > 1
    assert any("re-made from its described behaviour" in name for name in claims["sooner"]["parts"])
