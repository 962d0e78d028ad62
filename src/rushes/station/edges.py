"""The work of the station that runs without a file: boxes around what has sharp edges (pure).

It is here to be watched, and small enough to be read: the luma at half its size, the steps between neighbours, the
share of steep ones in each cell of a grid, and a box around cells that touch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rushes.figures import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from rushes.frame import Frame

    _Cells = set[tuple[int, int]]

__all__ = ["boxes"]

_EVERY = 2  # pixels of the picture to one that is looked at
_CELL = 5  # of those, to a side of a cell
_STEEP = 40  # levels of luma between two neighbours
_SHARE = 0.12  # of a cell's pixels, for it to count
_WIDEST = 0.45  # of the picture: what is larger is its ground, and no thing
_MOST = 12
_FEWEST = 4  # cells; less is a speck
_COLOR = "#4ec27f"


def boxes(frame: Frame) -> Frame:
    """The frame with a Box around each thing that has sharp edges, at most twelve, those of most edges first.

    Any format that :meth:`Frame.to` can make gray of; the pixels stay as they are.
    """
    steep = _steep(_luma(frame))
    rows, columns = (side // _CELL for side in steep.shape)
    if not rows or not columns:
        return replace(frame, figures=())
    counts = steep[: rows * _CELL, : columns * _CELL].reshape(rows, _CELL, columns, _CELL).sum(axis=(1, 3))
    full = counts >= _SHARE * _CELL * _CELL
    things = [each for each in _touching(full) if _is_thing(each, rows, columns)]
    things.sort(key=lambda cells: -sum(int(counts[cell]) for cell in cells))
    return replace(frame, figures=tuple(_box(each, rows, columns) for each in things[:_MOST]))


def _luma(frame: Frame) -> npt.NDArray[np.int16]:
    if frame.format == "i420":
        plane = frame.array[: frame.array.shape[0] // 3 * 2]
    else:
        plane = frame.to("gray8").array
    return plane[::_EVERY, ::_EVERY].astype(np.int16)


def _steep(luma: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    steep = np.zeros(luma.shape, np.bool_)
    steep[:, 1:] |= np.abs(np.diff(luma, axis=1)) > _STEEP
    steep[1:] |= np.abs(np.diff(luma, axis=0)) > _STEEP
    return steep


def _touching(full: npt.NDArray[np.bool_]) -> Iterator[_Cells]:
    left: _Cells = {(int(row), int(column)) for row, column in zip(*np.nonzero(full), strict=True)}
    while left:
        found: _Cells = set()
        edge = [left.pop()]
        while edge:
            row, column = edge.pop()
            found.add((row, column))
            near = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            edge.extend(near)
        yield found


def _is_thing(cells: _Cells, rows: int, columns: int) -> bool:
    top, left, bottom, right = _bounds(cells)
    # What reaches the border is not seen whole.
    whole = top > 0 and left > 0 and bottom < rows and right < columns
    small = bottom - top <= _WIDEST * rows and right - left <= _WIDEST * columns
    return whole and small and len(cells) >= _FEWEST


def _box(cells: _Cells, rows: int, columns: int) -> Box:
    top, left, bottom, right = _bounds(cells)
    return Box(left / columns, top / rows, (right - left) / columns, (bottom - top) / rows, color=_COLOR)


def _bounds(cells: _Cells) -> tuple[int, int, int, int]:
    down, across = [row for row, _ in cells], [column for _, column in cells]
    return min(down), min(across), max(down) + 1, max(across) + 1
