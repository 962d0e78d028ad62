"""The example of a station inside a program, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette")

EXAMPLE = Path(__file__).parents[1] / "examples" / "station.py"


def test_it_looks_back_and_heals(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    state, then, after, account = run.stdout.splitlines()
    assert re.fullmatch(r"door is \w+; the page is at http://127\.0\.0\.1:\d+", state)
    before = re.fullmatch(r"two seconds ago: frame (\d+), \d+ bytes", then)
    healed = re.fullmatch(r"frame (\d+) came after 1 restart", after)
    assert before is not None
    assert healed is not None
    assert int(healed[1]) > int(before[1])
    assert account == "every frame is accounted for"


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60
