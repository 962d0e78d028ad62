"""What the screen shows while recorders are measured: ``scene.py DISPLAY FPS``.

A photograph-like picture (noise whose strength falls with its fineness, as in nature) fills the screen; over it a
terminal scrolls text, and a window moves. Flat colours would flatter every coder.
"""

from __future__ import annotations

import sys
import time
from typing import Any, cast

import numpy as np
import xcffib
import xcffib.xproto as xp
from PIL import Image, ImageDraw

ROWS_AT_ONCE = 16
TERMINAL = (900, 640)


def natural(height: int, width: int) -> Any:
    """(height, width, 4) BGRX."""
    chance = np.random.default_rng(7)
    fineness = np.hypot(*np.meshgrid(np.fft.fftfreq(width), np.fft.fftfreq(height)))
    fineness[0, 0] = 1
    out = np.zeros((height, width, 4), np.uint8)
    # Brightness varies most in nature, colour little.
    shades = [chance.normal(size=(height, width)) for _ in range(4)]
    waves = [np.fft.ifft2(np.fft.fft2(shade) / fineness).real for shade in shades]
    light, *tints = ((wave - wave.mean()) / wave.std() for wave in waves)
    for channel, tint in enumerate(tints):
        out[..., channel] = np.clip(120 + 45 * light + 12 * tint, 0, 255)
    return out


def text(height: int, width: int) -> Any:
    image = Image.new("RGB", (width, height), "#101418")
    draw = ImageDraw.Draw(image)
    for line, top in enumerate(range(0, height, 16)):
        words = " ".join(f"{(line * 7919 + word * 104729) % 65536:04x}" for word in range(24))
        draw.text((8, top), f"{line:5d}  {words}", fill=("#d0d0d0", "#80c080", "#c0a060")[line % 3])
    out = np.zeros((height, width, 4), np.uint8)
    out[..., :3] = np.asarray(image)[..., ::-1]
    return out


class Screen:
    def __init__(self, display: str) -> None:
        self.connection = cast("Any", xcffib.connect(display=display))  # type: ignore[no-untyped-call]
        self.core = self.connection.core
        self.screen = self.connection.get_setup().roots[self.connection.pref_screen]
        self.context = self.connection.generate_id()
        self.core.CreateGC(self.context, self.screen.root, xp.GC.Foreground, [0xFFFFFF])

    def pixmap(self, array: Any) -> int:
        height, width = array.shape[:2]
        made: int = self.connection.generate_id()
        self.core.CreatePixmap(self.screen.root_depth, made, self.screen.root, width, height)
        for top in range(0, height, ROWS_AT_ONCE):
            rows = np.ascontiguousarray(array[top : top + ROWS_AT_ONCE])
            self.core.PutImage(
                xp.ImageFormat.ZPixmap, made, self.context, width, len(rows), 0, top, 0,
                self.screen.root_depth, rows.size, rows.tobytes(),
            )  # fmt: skip
        return made

    def window(self, width: int, height: int, colour: int) -> int:
        made: int = self.connection.generate_id()
        self.core.CreateWindow(
            self.screen.root_depth, made, self.screen.root, 0, 0, width, height, 0, xp.WindowClass.InputOutput,
            self.screen.root_visual, xp.CW.BackPixel | xp.CW.OverrideRedirect, [colour, 1],
        )  # fmt: skip
        self.core.MapWindow(made)
        return made


def main() -> None:
    screen, fps = Screen(sys.argv[1]), float(sys.argv[2])
    width, height = screen.screen.width_in_pixels, screen.screen.height_in_pixels
    photo, lines = screen.pixmap(natural(height, width)), screen.pixmap(text(4 * TERMINAL[1], TERMINAL[0]))
    whole = screen.window(width, height, 0)
    screen.core.CopyArea(photo, whole, screen.context, 0, 0, 0, 0, width, height)
    moving = screen.window(240, 160, 0x3060C0)
    behind = [0, 0]
    screen.core.GetInputFocus().reply()
    print("moving", flush=True)
    turn = 0
    while True:
        if turn % 4 == 0:  # fifteen lines a second
            screen.core.CopyArea(
                lines, whole, screen.context, 0, turn * 4 % (3 * TERMINAL[1]), 60, 60, *TERMINAL
            )
        place = [turn * 4 % (width - 240), turn * 2 % (height - 160)]
        screen.core.ConfigureWindow(moving, xp.ConfigWindow.X | xp.ConfigWindow.Y, [*place])
        # What it uncovers is painted again, as a program would.
        screen.core.CopyArea(photo, whole, screen.context, *behind, *behind, 240, 160)
        behind = place
        screen.connection.flush()
        turn += 1
        time.sleep(1 / fps)


if __name__ == "__main__":
    main()
