"""The benchmarks of capturing a screen run where there is a virtual one, and measure every claim they make."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.claims.capture_runs import Run
from benchmarks.claims.capture_soak import Soak
from tests.unit.benchmarks.records import quick_record

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = {
    "grab_qt",
    "grab_mss",
    "grab_x11grab",
    "bytes_25",
    "bytes_60",
    "cpu_25_seed",
    "cpu_60_seed",
    "cpu_whole_25_seed",
    "cpu_whole_60_seed",
    "lost_25",
    "lost_60",
    "share_25",
    "share_60",
    "rate_busy",
    "rss_flat",
}


def run(frames: int, cpu_s: float) -> Run:
    return Run(due=frames, frames=frames, cpu_s=cpu_s, bytes=0)


def test_what_a_frame_costs_leaves_out_what_a_program_costs() -> None:
    assert run(300, 0.6 + 300 * 0.01).each_more_s(run(50, 0.6 + 50 * 0.01)) == pytest.approx(0.01)


def test_memory_strays_up_and_down() -> None:
    assert Soak(200, [200, 203, 196]).strays == pytest.approx(0.02)


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("ffmpeg")), reason="needs Xvfb and ffmpeg")
def test_every_claim_is_measured(tmp_path: Path) -> None:
    for package in ("PySide6", "mss", "cv2"):
        pytest.importorskip(package)
    record = quick_record("capture", tmp_path)
    claims = {claim["id"]: claim for claim in record["claims"]}
    # Against what else records here: that depends on what is installed.
    assert set(claims) >= CLAIMS
    assert all(claim["measured"] is not None for claim in claims.values())
