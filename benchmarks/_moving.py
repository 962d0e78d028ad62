"""A detailed picture that moves, and the number that each of its frames shows.

Frames are windows into one tall picture, each a little below the one before: none has to be made, or copied,
while something is timed, and a hundred of them take no more room than three. In the upper left corner each shows
its number in black and white cells. The step is that of JPEG's blocks, so that all frames have the same size as JPEG.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

STEP = 16
FRAMES = 64
_BITS = 6
_CONTRAST = 0.7
_MIDDLE = 120


def picture(height: int, width: int) -> Pixels:
    """The tall picture of which ``frame`` gives the parts: (height + more, width, 3), BGR."""
    # By name, because what draws the scene is not typed.
    scene: Any = importlib.import_module("benchmarks.peers.scene")
    tall: Any = scene.natural(height + STEP * (FRAMES - 1), width)[..., :3].astype(np.uint16)
    for _ in range(2):  # as a lens would: a camera's picture is softer than its pixels are fine
        tall = (tall + np.roll(tall, 1, 0) + np.roll(tall, 1, 1) + np.roll(tall, (1, 1), (0, 1))) // 4
    out: Pixels = (_MIDDLE + (tall.astype(np.float32) - _MIDDLE) * _CONTRAST).astype(np.uint8)
    for number in range(FRAMES):
        for bit in range(_BITS):
            cell = out[number * STEP : (number + 1) * STEP, bit * STEP : (bit + 1) * STEP]
            cell[:] = 255 if number >> bit & 1 else 0
    return out


def frame(tall: Pixels, index: int, height: int) -> Pixels:
    """The frame of that index, (height, width, 3), contiguous; they begin anew after the last."""
    top = index % FRAMES * STEP
    return tall[top : top + height]


def shown(array: Any) -> int:
    """The number that a frame shows: its index, modulo FRAMES."""
    middle = STEP // 2
    return sum(1 << bit for bit in range(_BITS) if array[middle, bit * STEP + middle, 1] > _MIDDLE)
