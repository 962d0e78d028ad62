"""The example of the older saver's door, as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "shot_saver_door.py"


def test_it_saves_and_gets(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[:3] == ["in_queue", "saving", "success"]
    assert lines[3].startswith("saved uR76TlcA 20")
    assert lines[4].startswith("got ")
    assert len(list(tmp_path.iterdir())) == 1


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
