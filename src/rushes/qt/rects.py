"""Rectangles of screen pixels, however a program writes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Region", "band", "region_of", "to_pixels"]

Region = tuple[int, int, int, int]
"""x, y, width, height."""


def region_of(rect: Any) -> Region | None:
    """The region that ``rect`` means: a QRect or QRectF, four numbers, or None for the whole screen.

    Fractions are rounded. ConfigError for anything else, and for a region without any pixels.
    """
    if rect is None:
        return None
    parts = _parts(rect)
    if len(parts) != 4 or not all(isinstance(each, int | float) and math.isfinite(each) for each in parts):
        raise ConfigError(f"rect is {rect!r}: give a QRect, four numbers (x, y, width, height) or None")
    x, y, width, height = (round(each) for each in parts)
    if width < 1 or height < 1:
        raise ConfigError(
            f"rect {width} × {height} at {x}, {y} holds no pixels: give it a width and a height"
        )
    return x, y, width, height


def _parts(rect: Any) -> list[Any]:
    if all(callable(getattr(rect, name, None)) for name in ("x", "y", "width", "height")):
        return [rect.x(), rect.y(), rect.width(), rect.height()]
    try:
        numbers: Iterable[Any] = iter(rect)
    except TypeError:
        return []
    return list(numbers)


def band(start: tuple[int, int], end: tuple[int, int], size: tuple[int, int]) -> Region:
    """The region between two corners, on a screen of ``size``; its width or height may be 0.

    A corner is the upper left one of its pixel, so that from 100 to 420 are 320 pixels; but a pointer pushed to
    the last pixel means the screen's edge, which no other pixel could.
    """
    (left, right), (top, bottom) = (
        sorted(_edge(at[axis], length) for at in (start, end)) for axis, length in enumerate(size)
    )
    return left, top, right - left, bottom - top


def _edge(at: int, length: int) -> int:
    return length if at >= length - 1 else max(0, at)


def to_pixels(at: tuple[float, float], shown: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The screen pixel under a point of a window of size ``shown`` that shows a screen of ``size``.

    The two sizes differ when the desktop is scaled.
    """
    return math.floor(at[0] * size[0] / shown[0]), math.floor(at[1] * size[1] / shown[1])
