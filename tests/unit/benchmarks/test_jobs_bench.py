"""The job queue's benchmarks run and measure every claim they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.benchmarks.records import quick_record

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
    record = quick_record("jobs", tmp_path)
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert record["quick"]
    assert set(claims) == CLAIMS
    assert all(claim["measured"] is not None for claim in claims.values())
    # What is counted and not timed holds on a busy machine too.
    assert claims["jobs_wasted"]["measured"] == 0
