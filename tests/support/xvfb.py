"""A real X server without a monitor, and something that moves on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

__all__ = ["Display", "moving_window", "painted", "xvfb"]

_PATIENCE_S = 20.0

# A window of red, green and blue stripes that moves to the right by four pixels, as often as asked for.
_MOVER = """
import sys, time
import xcffib, xcffib.xproto as xp
display, fps = sys.argv[1], float(sys.argv[2])
c = xcffib.connect(display=display)
screen = c.get_setup().roots[c.pref_screen]
win, gc = c.generate_id(), c.generate_id()
W, H = screen.width_in_pixels, screen.height_in_pixels
c.core.CreateWindow(screen.root_depth, win, screen.root, 0, 0, 320, 240, 0, xp.WindowClass.InputOutput,
                    screen.root_visual, xp.CW.BackPixel | xp.CW.OverrideRedirect, [0x204060, 1])
c.core.CreateGC(gc, win, xp.GC.Foreground, [0xFFFFFF])
c.core.MapWindow(win)
c.flush()
print("moving", flush=True)
n = 0
while True:
    x = (n * 4) % max(1, W - 320)
    c.core.ConfigureWindow(win, xp.ConfigWindow.X | xp.ConfigWindow.Y, [x, (n * 2) % max(1, H - 240)])
    for i, colour in enumerate((0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00)):
        c.core.ChangeGC(gc, xp.GC.Foreground, [colour])
        c.core.PolyFillRectangle(win, gc, 1, [xp.RECTANGLE.synthetic((n * 7 + i * 80) % 320, i * 60, 60, 60)])
    c.flush()
    n += 1
    time.sleep(1 / fps)
"""

# The root window filled with one colour; the process stays, for its pixmap goes with it.
_PAINTER = """
import sys, time
import xcffib, xcffib.xproto as xp
display, colour = sys.argv[1], int(sys.argv[2], 16)
c = xcffib.connect(display=display)
screen = c.get_setup().roots[c.pref_screen]
W, H = screen.width_in_pixels, screen.height_in_pixels
win, gc = c.generate_id(), c.generate_id()
c.core.CreateWindow(screen.root_depth, win, screen.root, 0, 0, W, H, 0, xp.WindowClass.InputOutput,
                    screen.root_visual, xp.CW.BackPixel | xp.CW.OverrideRedirect, [colour, 1])
c.core.MapWindow(win)
c.core.CreateGC(gc, win, xp.GC.Foreground, [0x0000FF])
c.core.PolyFillRectangle(win, gc, 1, [xp.RECTANGLE.synthetic(10, 20, 30, 40)])
c.core.GetInputFocus().reply()
print("painted", flush=True)
sys.stdin.read()
"""


@dataclass
class Display:
    """A running X server."""

    name: str
    process: subprocess.Popen[bytes]
    width: int
    height: int

    @property
    def pid(self) -> int:
        return self.process.pid


@contextlib.contextmanager
def xvfb(width: int = 640, height: int = 480, depth: int = 24) -> Iterator[Display]:
    """An Xvfb on a free display; skips the test where there is none to be had."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed (Debian and Ubuntu: apt-get install xvfb)")
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{width}x{height}x{depth}", "-nolisten", "tcp"],
        pass_fds=(theirs,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb") as pipe:
            number = pipe.readline().strip().decode()
        assert number, "Xvfb did not start"
        yield Display(f":{number}", process, width, height)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
        process.kill()
        process.wait()


@contextlib.contextmanager
def _client(code: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "the X client did not start"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextlib.contextmanager
def moving_window(display: str, fps: float = 60.0) -> Iterator[None]:
    """Something to look at: the picture changes ``fps`` times a second."""
    with _client(_MOVER, display, str(fps)):
        time.sleep(0.05)
        yield


@contextlib.contextmanager
def painted(display: str, colour: int = 0x204060) -> Iterator[None]:
    """All of the screen in one colour, with a blue rectangle of 30x40 at (10, 20)."""
    with _client(_PAINTER, display, f"{colour:06x}"):
        yield
