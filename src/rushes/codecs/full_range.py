"""The planes of an i420 picture stretched from limited to full range, as JPEG wants them (pure).

By tables of two bytes at a time: looking up halves of a million words costs half of what as many bytes do, and
stays the same to the last bit. Arithmetic on whole arrays, with its sums of 16 bits, is slower than either.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.codecs import colour

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["planes"]

_Words = np.ndarray[Any, np.dtype[np.uint16]]


def planes(array: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Y (height, width), U and V (half of both) of an i420 array, 0 to 255; views of one new array."""
    luma, chroma = _tables()
    words = np.ascontiguousarray(array).reshape(-1).view(np.uint16)
    made = np.empty((array.shape[0], array.shape[1]), np.uint8)
    out = made.reshape(-1).view(np.uint16)
    # Sides are even, so no word is half luma.
    edge = words.size * 2 // 3
    # Every word is in the table; "clip" is what keeps numpy from filling a copy of ``out`` first.
    np.take(luma, words[:edge], out=out[:edge], mode="clip")
    np.take(chroma, words[edge:], out=out[edge:], mode="clip")
    return colour.planes(made)


@cache
def _tables() -> tuple[_Words, _Words]:
    """What each word of two luma, and of two chroma bytes becomes; 128 KiB each, which fit the cache."""
    words = np.arange(1 << 16, dtype=np.uint16)
    # As an i420 picture of their own, every word once in each part: 2/3 luma, 1/3 chroma.
    pairs = words.view(np.uint8)
    y, u, v = colour.full_range_planes(np.concatenate([pairs, pairs, pairs]).reshape(768, 512))
    return y.reshape(-1)[: pairs.size].view(np.uint16), np.concatenate([u, v]).reshape(-1).view(np.uint16)
