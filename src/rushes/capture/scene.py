"""What a test card shows and where: the still picture and the tiles that move on it (pure).

Everything is laid out in parts of the picture's height and width, so a card looks alike at any size. What
changes with each frame stands on neutral gray ground, so that in i420 only the luma of it changes; what
moves in colour moves on even pixels.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rushes.capture import strip

if TYPE_CHECKING:
    from rushes.capture.strip import Pixels

__all__ = ["Scene"]

_BARS = ((191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191))
_GROUND = 18
_PAPER = 28
_INK = 240
_DIM_INK = 165
_UNLIT = 62
_LIT = 235
_BALL = (255, 176, 32)
_NUMBER_SIGNS = "0123456789"
_CLOCK_SIGNS = "0123456789:-. UTC"
_MOST_SEGMENTS = 60
_SMALLEST_TEXT = 7  # pixels; below it digits are blots and the panel is left out
# Shapes are drawn this many times larger and then reduced, as Pillow draws them without smoothing.
_FINER = 4

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Place = tuple[int, int]


class _Box(NamedTuple):
    left: int
    top: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """As Pillow wants it: the last pixel belongs to the shape."""
        return self.left, self.top, self.left + self.width - 1, self.top + self.height - 1


class Scene:
    """The layout of one card. ``panel`` (text) and ``track`` (the ball's) are None where there is no room."""

    def __init__(self, width: int, height: int, fps: float) -> None:
        self._size = (width, height)
        self._title = f"{width} x {height}   {fps:g} fps"
        self._unit = min(width / 1280, height / 720)
        self._ground_top = _even(height * 0.82)
        self._strip_top = strip.strip_top(height)
        self.segments = max(1, min(_MOST_SEGMENTS, round(fps)))
        self.track = self._lay_track()
        self.panel: _Box | None = None
        self.number_at: _Place = (0, 0)
        self.clock_at: _Place = (0, 0)
        self._lay_panel()

    def still(self) -> Pixels:
        """The picture without what moves: (height, width, 3), bgr24."""
        width, height = self._size
        rgb = np.full((height, width, 3), _GROUND, np.uint8)
        self._paint_bars(rgb)
        image = Image.fromarray(rgb)
        self._paint_circle(image)
        if self.panel is not None:
            self._paint_panel(image, self.panel)
        if self.track is not None:
            pen = ImageDraw.Draw(image)
            pen.rounded_rectangle(self.track.corners, self.track.height // 2, fill=(_PAPER,) * 3)
        rgb = np.array(image)
        # Neutral up to the edge of the chroma blocks: the strip itself is painted as luma alone.
        rgb[self._strip_top // 2 * 2 :] = 0
        return np.ascontiguousarray(rgb[..., ::-1])

    def digits(self) -> tuple[dict[str, Pixels], dict[str, Pixels]]:
        """Gray tiles by sign: for the frame number, and for the clock."""
        if self.panel is None:
            return {}, {}
        return _tiles(_NUMBER_SIGNS, self._big, _INK), _tiles(_CLOCK_SIGNS, self._small, _INK)

    def lit_segment(self) -> Pixels:
        """A gray tile: the segment of the current frame within its second."""
        return np.full((self._bar.height, self._segment_width), _LIT, np.uint8)

    def segment_at(self, index: int) -> _Place:
        """Where segment ``index`` begins."""
        return self._bar.left + index * self._bar.width // self.segments, self._bar.top

    def ball(self) -> Pixels:
        """The ball on the ground of its track: (side, side, 3), bgr24."""
        side = 2 if self.track is None else self.track.height
        image = Image.new("RGB", (side * _FINER, side * _FINER), (_PAPER,) * 3)
        inset = side * _FINER * 0.08
        ImageDraw.Draw(image).ellipse(
            (inset, inset, side * _FINER - inset, side * _FINER - inset), fill=_BALL
        )
        return np.ascontiguousarray(np.array(image.resize((side, side), Image.Resampling.LANCZOS))[..., ::-1])

    def ball_at(self, part: float) -> _Place:
        """Where the ball stands when it has gone ``part`` (0 to 1) of its way; both figures are even."""
        if self.track is None:
            return 0, 0
        # The round ends of the track are left to the still picture: the tile of the ball is square.
        first = self.track.left + self.track.height // 2
        way = self.track.width - 2 * self.track.height
        return _even(first + part * way), self.track.top

    def _lay_track(self) -> _Box | None:
        width = self._size[0]
        room = self._strip_top - self._ground_top
        side = _even(room * 0.44)
        if side < 4 or width < 8 * side:
            return None
        left = _even(width * 0.03)
        return _Box(left, _even(self._ground_top + (room - side) / 2), _even(width - 2 * left), side)

    def _lay_panel(self) -> None:
        width, height = self._size
        unit = self._unit
        self._bar, self._segment_width = _Box(0, 0, 2, 2), 1
        small = round(34 * unit)
        if small < _SMALLEST_TEXT:
            return
        self._small, self._big = _font(small), _font(round(112 * unit))
        box = _Box(
            *(_even(each) for each in (width / 2 - 300 * unit, height * 0.4 - 165 * unit)),
            *(_even(each * unit) for each in (600, 330)),
        )
        self.panel = box
        number = _width("00000000", self._big, _NUMBER_SIGNS)
        clock = _width("0000-00-00 00:00:00.000 UTC", self._small, _CLOCK_SIGNS)
        self.number_at = (box.left + (box.width - number) // 2, box.top + round(92 * unit))
        self.clock_at = (box.left + (box.width - clock) // 2, box.top + round(218 * unit))
        self._bar = _Box(
            _even(box.left + 44 * unit),
            _even(box.top + 282 * unit),
            _even(512 * unit),
            max(2, _even(14 * unit)),
        )
        pitch = self._bar.width / self.segments
        self._segment_width = max(1, int(pitch - max(1, pitch * 0.2)))

    def _paint_bars(self, rgb: Pixels) -> None:
        width, height = self._size
        bars_end, hues_end = _even(height * 0.66), _even(height * 0.74)
        for index, bar in enumerate(_BARS):
            rgb[:bars_end, index * width // len(_BARS) : (index + 1) * width // len(_BARS)] = bar
        hues = [colorsys.hsv_to_rgb(column / width, 0.75, 0.9) for column in range(width)]
        rgb[bars_end:hues_end] = np.round(np.array(hues) * 255).astype(np.uint8)
        # Upper half: every value from black to white. Lower half: eleven steps, to be counted by eye.
        middle = (hues_end + self._ground_top) // 2
        ramp = np.linspace(0, 255, width)
        steps = np.arange(width) * 11 // width * 25.5
        rgb[hues_end:middle] = np.round(ramp).astype(np.uint8)[None, :, None]
        rgb[middle : self._ground_top] = np.round(steps).astype(np.uint8)[None, :, None]

    def _paint_circle(self, image: Image.Image) -> None:
        """A large circle shows a wrong aspect ratio at once, brackets in the corners a wrong crop."""
        width, height = self._size
        fine = Image.new("L", (width * 2, height * 2), 0)
        pen = ImageDraw.Draw(fine)
        radius = min(0.38 * height, 0.48 * width)
        x, y, line = width / 2, height * 0.4, max(2, round(5 * self._unit))
        pen.ellipse(
            [2 * each for each in (x - radius, y - radius, x + radius, y + radius)],
            outline=230,
            width=2 * line,
        )
        image.paste((255, 255, 255), mask=fine.resize((width, height), Image.Resampling.BOX))
        pen = ImageDraw.Draw(image)
        arm, thick = max(4, round(36 * self._unit)), max(1, round(4 * self._unit))
        right, bottom = width - 1, self._strip_top - 1
        for left_edge, right_edge in ((0, arm), (right - arm, right)):
            for row in (0, bottom - thick + 1):
                pen.rectangle((left_edge, row, right_edge, row + thick - 1), fill=(255, 255, 255))
        for column in (0, right - thick + 1):
            for top_edge, bottom_edge in ((0, arm), (bottom - arm, bottom)):
                pen.rectangle((column, top_edge, column + thick - 1, bottom_edge), fill=(255, 255, 255))

    def _paint_panel(self, image: Image.Image, box: _Box) -> None:
        mask = Image.new("L", (box.width * _FINER, box.height * _FINER), 0)
        rounding = round(24 * self._unit) * _FINER
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), rounding, fill=255)
        image.paste(
            (_PAPER,) * 3, box.corners[:2], mask.resize((box.width, box.height), Image.Resampling.LANCZOS)
        )
        pen = ImageDraw.Draw(image)
        title = _font(round(30 * self._unit))
        pen.text((self._bar.left, box.top + round(28 * self._unit)), "rushes", fill=_BALL, font=title)
        right = self._bar.left + self._bar.width
        pen.text(
            (right, box.top + round(28 * self._unit)),
            self._title,
            fill=(_DIM_INK,) * 3,
            font=title,
            anchor="ra",
        )
        for index in range(self.segments):
            x, y = self.segment_at(index)
            pen.rectangle((x, y, x + self._segment_width - 1, y + self._bar.height - 1), fill=(_UNLIT,) * 3)


def _even(value: float) -> int:
    return round(value / 2) * 2


def _font(size: int) -> _Font:
    return ImageFont.load_default(size=max(size, _SMALLEST_TEXT))


def _advances(font: _Font, signs: str) -> dict[str, int]:
    """Pixels from one sign to the next: one figure for all digits, so that a running clock does not dance."""
    digit = max(int(np.ceil(font.getlength(each))) for each in "0123456789")
    return {sign: _even(digit if sign.isdigit() else font.getlength(sign) + 1) for sign in signs}


def _width(text: str, font: _Font, signs: str) -> int:
    advances = _advances(font, signs)
    return sum(advances[sign] for sign in text)


def _tiles(signs: str, font: _Font, ink: int) -> dict[str, Pixels]:
    top, bottom = _extent(font)
    tiles: dict[str, Any] = {}
    for sign, advance in _advances(font, signs).items():
        image = Image.new("L", (max(2, advance), max(2, _even(bottom - top + 1))), _PAPER)
        pen = ImageDraw.Draw(image)
        pen.text(((advance - font.getlength(sign)) / 2, -top), sign, fill=ink, font=font)
        tiles[sign] = np.array(image)
    return tiles


def _extent(font: _Font) -> tuple[int, int]:
    _, top, _, bottom = font.getbbox("0123456789:-.UTC")
    return int(np.floor(top)), int(np.ceil(bottom))
