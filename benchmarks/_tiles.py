"""Tiles to load, and a callback that counts them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import simplejpeg


class Countdown:
    """A callback that counts, and a way to wait for the last."""

    def __init__(self, count: int) -> None:
        self._left, self._lock, self._done = count, threading.Lock(), threading.Event()

    def __call__(self, image: Any) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._done.set()

    def wait(self) -> None:
        if not self._done.wait(120):
            raise TimeoutError(f"{self._left} callbacks never came")


def tile_jpegs() -> list[bytes]:
    """Eight different tiles of 256 × 256."""
    y, x = np.mgrid[0:256, 0:256]
    waves = [(np.sin(x / (5 + turn)) + np.cos(y / (9 + turn))) * 60 + 128 for turn in range(8)]
    noise = np.random.default_rng(1).normal(0, 6, (256, 256))
    tiles = [np.clip(wave + noise, 0, 255).astype(np.uint8) for wave in waves]
    return [bytes(simplejpeg.encode_jpeg(np.dstack([tile] * 3))) for tile in tiles]
