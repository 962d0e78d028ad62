"""Turning pixels into other pixels and into bytes: one function over all frame formats.

:mod:`colour` between pixel layouts, :mod:`jpeg` from and to JPEG, :mod:`picture` for what people look at:
files, thumbnails, drawn figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.errors import FrameError, unknown_name

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["convert", "to_pixels"]

_PIXELS = ("bgr24", "rgb24", "bgra", "gray8", "i420")


def convert(array: Pixels, source: str, target: str, *, quality: int = 90) -> Pixels:
    """The picture in ``array`` of format ``source`` as an array of ``target``; itself if they are the same.

    "jpeg" is a 1-D uint8 array of the file's bytes; ``quality`` (1 to 100) is for making one. Raises
    UnknownName for a format that is none, FrameError where pixels of this size cannot be had in the format,
    CorruptImage for a broken JPEG.
    """
    for name in (source, target):
        if name == "array":
            raise FrameError('an "array" frame holds no picture, so it cannot be converted', format=name)
        if name not in _PIXELS and name != "jpeg":
            raise unknown_name("picture format", name, (*_PIXELS, "jpeg"))
    if source == target:
        return array
    from rushes.codecs import colour, jpeg

    if source == "jpeg":
        return jpeg.decode(array, target)
    if target == "jpeg":
        import numpy as np

        return np.frombuffer(jpeg.encode(array, source, quality), dtype=np.uint8)
    return colour.convert(array, source, target)


def to_pixels(array: Pixels, source: str) -> tuple[Pixels, str]:
    """The picture in a format that is pixels, and which: JPEG becomes "bgr24", all else stays."""
    if source in _PIXELS:
        return array, source
    return convert(array, source, "bgr24"), "bgr24"
