"""The example of sharing frames, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "share_frames.py"


def test_the_other_process_gets_every_frame():
    run = subprocess.run(
        [sys.executable, str(EXAMPLE), "15"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert re.match(r"seen 15, missed 0,", run.stdout)
    assert "brightest pixel 255" in run.stdout
    assert "put 15 frames" in run.stdout


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
