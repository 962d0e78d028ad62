"""``rushes capture screen: --pick``, with a real mouse on a real screen."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.frame import Frame
from tests.support.xvfb import painted, xvfb
from tests.unit.qt.display import needs_mouse, xdotool

pytestmark = [
    needs_mouse,
    pytest.mark.skipif(find_spec("PySide6") is None, reason="the extra qt is not installed"),
]
PATIENCE_S = 60


@contextlib.contextmanager
def picking(display, out):
    """The command, once its window is up."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "rushes",
            "capture",
            "screen:",
            "--pick",
            "--for",
            "1s",
            "-o",
            str(out),
            "--json",
        ],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        xdotool(display, "search", "--sync", "--onlyvisible", "--name", "Choose a region")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_the_mouse_drew_is_recorded(tmp_path):
    out = tmp_path / "a.mp4"
    with xvfb(640, 480) as screen, painted(screen.name), picking(screen.name, out) as process:
        for words in (
            ("mousemove", "10", "20"),
            ("mousedown", "1"),
            ("mousemove", "90", "60"),
            ("mousemove", "170", "120"),
            ("mouseup", "1"),
        ):
            xdotool(screen.name, *words)
        said, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, problems
    said = json.loads(said)
    assert said["reason"] == "stopped"
    assert said["capture"]["adds_up"]
    with MediaInput(out) as media:
        pictures = [Frame(each.array, format=each.format).to("rgb24").array for each in media.frames()]
    assert len(pictures) == said["written"] > 10
    assert pictures[-1].shape == (100, 160, 3)
    assert said["source"] == "screen:10,20,160,100"
    # The ground of the screen as it is: the window that was drawn upon is gone. All else went with being covered.
    assert abs(pictures[-1].astype(int) - (0x20, 0x40, 0x60)).max() < 12


def test_escape_records_nothing(tmp_path):
    out = tmp_path / "a.mp4"
    with xvfb(640, 480) as screen, painted(screen.name), picking(screen.name, out) as process:
        xdotool(screen.name, "key", "Escape")
        _, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, problems
    assert list(tmp_path.iterdir()) == []
