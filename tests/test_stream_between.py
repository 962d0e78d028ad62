"""The example of streaming, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "stream_between.py"


def test_the_other_process_gets_frames_in_order_and_both_accounts_add_up():
    run = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    *gaps, frame, received, sent = run.stdout.splitlines()
    assert all(re.fullmatch(r"frames \d+ to \d+ were lost: \w+", line) for line in gaps)
    assert re.fullmatch(r"frame \d+ \(360, 640, 3\) {'receivers': 1}, age [\d.]+ ms", frame)
    assert received == "30 received, all accounted for: True"
    figures = re.fullmatch(r"offered (\d+), sent (\d+), dropped {(.*)}", sent)
    assert figures is not None
    assert int(figures[1]) >= int(figures[2]) >= 30


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60
