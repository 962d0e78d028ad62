"""Small picture files for the tests of shots."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from rushes import Frame


def pixels(seed: int = 0, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def frame(seed: int = 0, **more) -> Frame:
    return Frame(pixels(seed), seed, **more)


def jpeg(seed: int = 0) -> bytes:
    return frame(seed).to("jpeg").array.tobytes()


def png(seed: int = 0) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(seed)).save(file, "PNG")
    return file.getvalue()
