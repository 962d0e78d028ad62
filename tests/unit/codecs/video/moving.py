"""Pictures that move, in every format, and how near a coded one comes to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushes.codecs import colour

START_NS = 1_800_000_000_000_000_000
STEP_NS = 40_000_000
FORMATS = ("bgr24", "rgb24", "bgra", "gray8", "i420")


def moving(size: tuple[int, int], turn: int, format: str = "bgr24") -> Any:
    """A slanted wave that moves by three pixels each turn over a slow gradient; ``size`` is (width, height)."""
    width, height = size
    rows, columns = np.mgrid[:height, :width]
    wave = 90 * np.sin((columns + 3 * turn + rows / 2) / 9) + 128
    picture = np.dstack([wave, 255 - wave, np.broadcast_to(rows % 256, wave.shape)])
    return colour.exact(np.ascontiguousarray(picture.astype(np.uint8)), "bgr24", format)


def psnr(one: Any, other: Any) -> float:
    """The likeness in decibels; 99 for the same."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 99.0 if not error else 10 * float(np.log10(255**2 / error))
