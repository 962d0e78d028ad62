"""The job queue's benchmarks run and measure every claim they make."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.unit.benchmarks.records import ROOT, check_form

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = {
    "jobs_submit",
    "jobs_submit_shared",
    "jobs_run",
    "jobs_await",
    "jobs_cancel",
    "jobs_after_cancel",
    "jobs_memory",
    "jobs_p50",
    "jobs_p99",
    "jobs_hung",
    "jobs_dead",
    "jobs_storm",
    "jobs_wasted",
    "jobs_pan",
    "jobs_idle",
}


def test_every_claim_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "jobs.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/jobs.py", "--quick", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(out.read_text())
    check_form(record)
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert record["quick"]
    assert set(claims) == CLAIMS
    assert all(claim["measured"] is not None for claim in claims.values())
    # What is counted and not timed holds on a busy machine too.
    assert claims["jobs_wasted"]["measured"] == 0
