"""The benchmarks of capturing a screen run where there is a virtual one, and measure every claim they make."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.benchmarks.records import ROOT, check_form

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
    "lost_25",
    "lost_60",
    "share_25",
    "share_60",
    "rate_busy",
}


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("ffmpeg")), reason="needs Xvfb and ffmpeg")
def test_every_claim_is_measured(tmp_path: Path) -> None:
    for package in ("PySide6", "mss", "cv2"):
        pytest.importorskip(package)
    out = tmp_path / "capture.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/capture.py", "--quick", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(out.read_text())
    check_form(record)
    claims = {claim["id"]: claim for claim in record["claims"]}
    # Against what else records here: that depends on what is installed.
    assert set(claims) >= CLAIMS
    assert all(claim["measured"] is not None for claim in claims.values())
