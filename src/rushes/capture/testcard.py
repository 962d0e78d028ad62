"""An animated test card of any size and rate: to look at, to measure with, and readable by machines (pure).

What stands still is drawn once. A frame is then a copy of that picture and a few small tiles, drawn
beforehand as well: digits, a lit segment, a ball. So a frame of 1280x720 costs little more than the copy,
and nothing is allocated: draw straight into a depot's loan. Rendering text for each frame was rejected: it
costs more than all the rest together.
"""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from rushes.capture import scene, strip
from rushes.codecs import colour
from rushes.errors import ConfigError, FrameError, unknown_name

if TYPE_CHECKING:
    from rushes.capture.strip import Pixels

__all__ = ["TestCard"]

_SMALLEST = 16
_LARGEST = 16384
_BALL_SECONDS = 4
_Planes = tuple["Pixels", ...]


class TestCard:
    """A card of ``width`` by ``height`` pixels that moves ``fps`` frames a second.

    Its pixels are ``format``: "bgr24", "rgb24", "bgra", "gray8" or "i420" (both sides even). ConfigError for
    a size or rate that cannot be drawn, UnknownName for another format. The strip for machines is there at
    any size; reading it back is promised from 320 pixels of width upwards. One thread at a time.
    """

    __test__ = False  # for pytest, which takes any class called Test… for a collection of tests

    def __init__(self, width: int, height: int, fps: float, format: str = "bgr24") -> None:
        _check(width, height, fps, format)
        self.width = width
        self.height = height
        self.fps = fps
        self.format = format
        self._scene = scene.Scene(width, height, fps)
        self._still = colour.convert(self._scene.still(), "bgr24", format)
        self._cells = np.diff(strip.cell_borders(width))
        self._strip_top = strip.strip_top(height)
        self._black_white = self._gray(np.array([[0, 255], [0, 255]], np.uint8))[0][0]
        big, small = self._scene.digits()
        self._big = {sign: self._gray(tile) for sign, tile in big.items()}
        self._small = {sign: self._gray(tile) for sign, tile in small.items()}
        self._lit = self._gray(self._scene.lit_segment())
        self._ball = self._planes(colour.convert(self._scene.ball(), "bgr24", format))
        # Frames per there-and-back of the ball; a rate below one frame in four seconds still moves it.
        self._swing = max(2, round(_BALL_SECONDS * Fraction(fps)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array that :meth:`draw` wants; its dtype is uint8."""
        return tuple(self._still.shape)

    def draw(self, array: Pixels, number: int, utc_ns: int) -> None:
        """Draws frame ``number`` at the moment ``utc_ns`` (UTC nanoseconds) over all of ``array``.

        The strip carries both modulo 2**32, the time in milliseconds. Raises FrameError for an array of
        another shape or dtype, or one that cannot be written.
        """
        if array.shape != self._still.shape or array.dtype != np.uint8 or not array.flags.writeable:
            raise FrameError(
                f"this card wants a writeable uint8 array of shape {self.shape}, not "
                f"{'' if array.flags.writeable else 'read-only '}{array.dtype} of shape {array.shape}",
                shape=tuple(array.shape),
                dtype=str(array.dtype),
                format=self.format,
            )
        np.copyto(array, self._still)
        planes = self._planes(array)
        if self._scene.panel is not None:
            self._write(planes, self._scene.number_at, f"{number % 10**8:08d}", self._big)
            self._write(planes, self._scene.clock_at, _clock(utc_ns), self._small)
            _blit(planes, self._lit, self._scene.segment_at(self._segment(number)))
        if self._scene.track is not None:
            _blit(planes, self._ball, self._scene.ball_at(_there_and_back(number, self._swing)))
        self._paint_strip(planes[0], number, utc_ns)

    def _segment(self, number: int) -> int:
        count = self._scene.segments
        if count >= self.fps:
            return number % count
        return int(number % self.fps * count / self.fps)

    def _write(self, planes: _Planes, place: tuple[int, int], text: str, tiles: dict[str, _Planes]) -> None:
        x, y = place
        for sign in text:
            tile = tiles[sign]
            _blit(planes, tile, (x, y))
            x += tile[0].shape[1]

    def _paint_strip(self, plane: Pixels, number: int, utc_ns: int) -> None:
        # In i420 the ground of the strip is neutral already, so painting the luma is enough.
        values = self._black_white[strip.paint_values(number, utc_ns)]
        row = np.repeat(values, self._cells, axis=0)
        plane[self._strip_top : self.height, : row.shape[0]] = row

    def _planes(self, array: Pixels) -> _Planes:
        return colour.planes(array) if self.format == "i420" else (array,)

    def _gray(self, tile: Pixels) -> _Planes:
        """A gray tile for the first plane: those of i420's chroma are neutral wherever gray is drawn."""
        height, width = tile.shape
        even = np.pad(tile, ((0, height % 2), (0, width % 2)), mode="edge")
        return (self._planes(colour.convert(even, "gray8", self.format))[0][:height, :width].copy(),)


def _blit(planes: _Planes, tile: _Planes, place: tuple[int, int]) -> None:
    x, y = place
    for index, (plane, part) in enumerate(zip(planes, tile, strict=False)):
        # Chroma planes have half the places; coloured tiles stand at even ones.
        left, top = (x, y) if index == 0 else (x // 2, y // 2)
        plane[top : top + part.shape[0], left : left + part.shape[1]] = part


def _clock(utc_ns: int) -> str:
    moment = datetime.datetime.fromtimestamp(utc_ns // 1_000_000_000, datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{utc_ns // 1_000_000 % 1000:03d} UTC"


def _there_and_back(number: int, swing: int) -> float:
    """0 to 1 and back to 0, once per ``swing`` frames."""
    return 1 - abs(1 - number % swing * 2 / swing)


def _check(width: int, height: int, fps: float, format: str) -> None:
    if not (_SMALLEST <= width <= _LARGEST and _SMALLEST <= height <= _LARGEST):
        raise ConfigError(
            f"a test card is {_SMALLEST} to {_LARGEST} pixels wide and high, not {width}x{height}",
            option="size",
        )
    if not 0 < fps <= 10_000:
        raise ConfigError(f"fps must be above 0 and at most 10000, got {fps}", option="fps")
    if format not in colour.FORMATS:
        raise unknown_name("pixel format", format, colour.FORMATS)
    if format == "i420" and (width % 2 or height % 2):
        raise ConfigError(f"i420 needs an even width and height, not {width}x{height}", option="size")
