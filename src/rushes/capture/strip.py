"""The strip for machines along the bottom edge of a test card: how it is painted and read (pure).

72 cells, each an 80th of the width and a 30th of the height, from the left edge: 8 sync cells 10110010, then
the frame number (32 bits), then UTC milliseconds modulo 2**32 at drawing (32 bits), most significant bit
first, white 1 and black 0. Read back from a picture that came through any path, it tells which frame this
is and how old it is.

A reader knows the picture's size and nothing of the original's, so it looks only at the middle half of each
cell: the rounding of cell borders, a scaler's blur and the ringing of JPEG all stay near the borders.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushes.errors import FrameError, unknown_name

__all__ = ["cell_borders", "paint_values", "read_strip", "strip_top"]

_COLUMNS = 80
_ROWS = 30
_SYNC = 0b10110010
_CELLS = 72
_WRAP = 2**32
# Between the darkest white and the brightest black cell of the sync. Paint gives 219 to 255, of which scalers
# and JPEG leave more than half; chance likenesses in ordinary pictures mostly have less.
_LEAST_CONTRAST = 64.0
# How near to the threshold, in parts of the contrast, a cell may come before the whole strip counts as
# unreadable: no number at all is better than a wrong one.
_DOUBT = 0.15
_CHANNELS = {"bgr24": 3, "rgb24": 3, "bgra": 4, "gray8": 1, "i420": 1}

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
_Floats = np.ndarray[Any, np.dtype[np.float64]]


def strip_top(height: int) -> int:
    """The first row of the strip in a picture of this height; the strip has at least one row."""
    return height - max(1, round(height / _ROWS))


def cell_borders(width: int) -> list[int]:
    """The 73 columns between which the cells lie, each rounded on its own so that no error adds up."""
    return [round(cell * width / _COLUMNS) for cell in range(_CELLS + 1)]


def paint_values(number: int, utc_ns: int) -> Pixels:
    """The 72 cells as 0 and 1, uint8, for a frame number and UTC nanoseconds since the epoch."""
    milliseconds = utc_ns // 1_000_000
    data = bytes([_SYNC]) + b"".join((value % _WRAP).to_bytes(4, "big") for value in (number, milliseconds))
    return np.unpackbits(np.frombuffer(data, np.uint8))


def read_strip(array: Pixels, format: str | None = None) -> tuple[int, int] | None:
    """(frame number, UTC milliseconds) of the strip in a picture, both modulo 2**32; None when there is none.

    ``array`` is uint8, (height, width), (height, width, 1), (height, width, 3) or (height, width, 4), or
    what ``format`` ("bgr24", "rgb24", "bgra", "gray8", "i420") says. Without a format a two-dimensional
    array is taken as gray, then as i420. Promised from 320 pixels of width upwards; a strip in which any
    cell is in doubt gives None. Raises FrameError for an array that is no picture, UnknownName for a format.
    """
    for picture in _pictures(array, format):
        values = _cell_values(picture)
        found = None if values is None else _decode(values)
        if found is not None:
            return found
    return None


def _pictures(array: Pixels, format: str | None) -> list[Pixels]:
    if format is not None and format not in _CHANNELS:
        raise unknown_name("pixel format", format, _CHANNELS)
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    wanted = (1, 3, 4) if format is None else (_CHANNELS[format],)
    if channels not in wanted or array.dtype != np.uint8 or array.size == 0:
        shape = tuple(array.shape)
        raise FrameError(
            f"no {format or ''} picture: shape {shape}, dtype {array.dtype}",
            shape=shape,
            dtype=str(array.dtype),
        )
    if array.ndim == 3:
        # The strip is neutral, so one colour tells as much as all; green is the middle one in every order.
        return [array[..., 1 if channels > 1 else 0]]
    luma = array[: array.shape[0] // 3 * 2]
    if format == "i420":
        return [luma]
    return [array, luma] if format is None and array.shape[0] % 3 == 0 else [array]


def _cell_values(picture: Pixels) -> _Floats | None:
    """The mean brightness, 0 to 255, of the middle of each cell; None for a picture too small for cells."""
    height, width = picture.shape
    if width < _COLUMNS or height < _ROWS:
        return None
    tall = height / _ROWS
    rows = picture[
        int(height - 0.75 * tall) : max(int(height - 0.75 * tall) + 1, round(height - 0.25 * tall))
    ]
    profile = rows.mean(axis=0)
    # Means over columns that begin and end within a pixel: differences of the interpolated running sum.
    sums = np.concatenate(([0.0], np.cumsum(profile)))
    wide = width / _COLUMNS
    left = (np.arange(_CELLS) + 0.25) * wide
    right = left + 0.5 * wide
    places = np.arange(width + 1)
    means: _Floats = (np.interp(right, places, sums) - np.interp(left, places, sums)) / (0.5 * wide)
    return means


def _decode(values: _Floats) -> tuple[int, int] | None:
    sync = np.unpackbits(np.array([_SYNC], np.uint8)).astype(bool)
    white, black = values[:8][sync].min(), values[:8][~sync].max()
    contrast = white - black
    if contrast < _LEAST_CONTRAST:
        return None
    distance = values - (white + black) / 2
    if np.abs(distance).min() < _DOUBT * contrast:
        return None
    data = np.packbits(distance > 0).tobytes()
    return int.from_bytes(data[1:5], "big"), int.from_bytes(data[5:9], "big")
