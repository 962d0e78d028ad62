"""Programs with windows, and a mouse, on a screen in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

needs_mouse = pytest.mark.skipif(
    shutil.which("xdotool") is None, reason="a mouse is needed: apt-get install xdotool"
)


def begin(name: str, program: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Starts a Python program on that display; ``more`` is for its environment."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "DISPLAY": name, "QT_QPA_PLATFORM": "xcb", **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def xdotool(name: str, *words: str) -> None:
    """Moves mouse and keys as a user would."""
    subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": name}, timeout=60, check=True)
