"""The example of the old capture worker's door, as one who moves over runs it, on a real screen and on none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.xvfb import moving_window, xvfb

EXAMPLE = Path(__file__).parents[1] / "examples" / "capture_worker_door.py"

pytestmark = pytest.mark.skipif(
    find_spec("PySide6") is None, reason="the door needs PySide6-Essentials: pip install 'rushes[qt]'"
)


def run(display: str, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display, "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(
        [sys.executable, str(EXAMPLE), "1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_what_is_captured_is_saved_and_found_and_deleted(tmp_path):
    with xvfb() as screen, moving_window(screen.name):
        done = run(screen.name, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    first, last = done.stdout.splitlines()
    numbers = re.fullmatch(r"captured (\d+), saved (\d+), found (\d+)", last)
    assert first == "stopped"
    assert numbers is not None
    captured, saved, found = map(int, numbers.groups())
    assert captured >= saved == found > 0
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_without_a_screen_it_says_so_and_ends(tmp_path):
    done = run(":no-such-display", tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("nothing captured: ")
    assert ":no-such-display" in done.stdout
    assert "Traceback" not in done.stderr


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
