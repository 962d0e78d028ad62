"""What the live view's benchmark keeps has the form that the report reads, and its pictures are the right ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.benchmarks.records import quick_record

OWN = {
    "live_fps",
    "live_right",
    "live_glass_python",
    "live_slow",
    "live_slow_drift",
    "live_viewer",
    "live_end",
}
OWN |= {"live_memory", "live_crowd_fps"}
PAGE = {"live_glass_jpeg", "live_glass_h264", "live_glass_fmp4"}


@pytest.mark.long
def test_what_is_kept_has_the_common_form(tmp_path: Path) -> None:
    record = quick_record("live", tmp_path)
    assert record["title"] == "The live view"
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert set(claims) >= OWN | PAGE
    assert all(claims[name]["measured"] is not None for name in OWN)
    assert claims["live_right"]["measured"] == 0
