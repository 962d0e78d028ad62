"""The example of the old image loader's door, as one who moves over runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "async_image_loader_door.py"


def test_the_page_that_was_turned_is_dropped_and_the_rest_arrives():
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    asked = int(lines[0].split()[0])
    dropped = int(lines[1].split()[2])
    # How many of the first page were there before it was turned, or being loaded, is a matter of time.
    arrived = lines[2:]
    assert len(arrived) == asked - dropped
    assert lines[1].endswith("still to come")
    assert "page2_0: 320 x 240" in arrived
    assert dropped > 0


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
