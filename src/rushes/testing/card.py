"""Reading the strip that a test card paints for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.capture.strip import read_strip

if TYPE_CHECKING:
    from rushes.capture.strip import Pixels

__all__ = ["read_card"]


def read_card(array: Pixels, format: str | None = None) -> tuple[int, int] | None:
    """(frame number, UTC milliseconds at drawing), both modulo 2**32, of a test card; None when it is none.

    ``array`` is uint8: (height, width, 3) or (height, width, 4) in any order of colours, or (height, width)
    gray or i420; ``format`` says which where it matters. Works on any rendition at least 320 wide, also after
    scaling and JPEG. A card that cannot be read for certain gives None, never a wrong number. Raises
    FrameError for an array that is no picture, UnknownName for an unknown format.
    """
    return read_strip(array, format)
