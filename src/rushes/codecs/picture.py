"""What people look at: picture files by suffix, thumbnails, and figures drawn into the pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from rushes.codecs import convert, jpeg, lossless, to_pixels
from rushes.errors import ConfigError, EncodeError, unknown_name
from rushes.figures import Box, Line, Polygon, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.codecs.colour import Pixels
    from rushes.figures import Figure

__all__ = ["draw", "encode", "suffixes", "thumbnail_png"]

_THUMBNAIL = 320
_PILLOW = {".png": "PNG", ".bmp": "BMP", ".webp": "WEBP"}


def suffixes() -> tuple[str, ...]:
    """The file suffixes that can be written here; ".webp" only where Pillow was built with it."""
    return (".jpg", ".jpeg", ".png", ".bmp", ".qoi", *((".webp",) if features.check("webp") else ()))


def encode(array: Pixels, format: str, suffix: str, quality: int = 90) -> bytes:
    """The bytes of a picture file of the kind that ``suffix`` (".jpg", in either case) names.

    ``quality`` (1 to 100) is for .jpg and .webp. A frame that is JPEG already goes into a .jpg as it is.
    Raises ConfigError for a suffix or quality that cannot be used, FrameError for what is no picture,
    CorruptImage for a broken JPEG, EncodeError when the picture is too large for the kind.
    """
    kind = suffix.lower()
    if kind not in suffixes():
        raise unknown_name("picture suffix", suffix, suffixes())
    jpeg.check_quality(quality)
    if kind in (".jpg", ".jpeg"):
        return convert(array, format, "jpeg", quality=quality).tobytes()
    if kind == ".qoi":
        # Not as bgra: the fourth byte of a screen's pixels is 0, which others would take for see-through.
        return lossless.encode_qoi(convert(array, format, "rgb24"), "rgb24")
    return _pillow_bytes(_to_image(array, format), _PILLOW[kind], quality)


def thumbnail_png(array: Pixels, format: str) -> bytes:
    """A PNG of the picture, scaled down to 320 pixels of width when it is wider, never up."""
    image = _to_image(array, format)
    if image.width > _THUMBNAIL:
        image = image.resize(
            (_THUMBNAIL, max(1, image.height * _THUMBNAIL // image.width)), Image.Resampling.BOX
        )
    return _pillow_bytes(image, "PNG", 90)


def draw(array: Pixels, format: str, figures: Iterable[Figure]) -> Pixels:
    """A new array of the same format with the figures drawn in; the given one is left as it is.

    Lines are a 400th of the picture's height thick, at least one pixel. What is no figure raises ConfigError.
    """
    pixels, layout = to_pixels(array, format)
    image = _to_image(pixels, layout)
    pen = _Pen(image)
    for figure in figures:
        pen.draw(figure)
    drawn = np.array(image)  # a copy of its own: Pillow's memory is read-only and goes with the image
    made = convert(drawn, "gray8" if image.mode == "L" else "rgb24", format)
    return made.reshape(array.shape) if format == "gray8" else made


class _Pen:
    """Draws figures, given in fractions, on one image."""

    def __init__(self, image: Image.Image) -> None:
        self._width, self._height = image.size
        self._canvas = ImageDraw.Draw(image)
        self._thick = max(1, round(self._height / 400))
        # A thirtieth of the height is as large as subtitles are; below 10 pixels letters cannot be told
        # apart.
        self._font: Any = ImageFont.load_default(size=max(10, self._height // 30))

    def draw(self, figure: Figure) -> None:
        match figure:
            case Box(x, y, w, h):
                corners = [self._at(x, y), self._at(x + w, y + h)]
                self._canvas.rectangle(corners, outline=figure.color, width=self._thick)
                anchor = corners[0]
            case Line(points):
                run = [self._at(*point) for point in points]
                self._canvas.line(run, fill=figure.color, width=self._thick)
                anchor = run[0]
            case Polygon(points):
                run = [self._at(*point) for point in points]
                self._canvas.line([*run, run[0]], fill=figure.color, width=self._thick, joint="curve")
                anchor = run[0]
            case Text(x, y, text):
                anchor = self._at(x, y)
                self._write(anchor, text, figure.color)
            case _:
                raise ConfigError(f"a figure is Box, Line, Polygon or Text, not {type(figure).__name__}")
        if figure.label:
            self._write(self._beside(anchor, figure.label), figure.label, figure.color)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        # The right edge, 1.0, is the last pixel: one further would be outside and not be seen.
        return min(round(x * self._width), self._width - 1), min(round(y * self._height), self._height - 1)

    def _beside(self, anchor: tuple[int, int], label: str) -> tuple[int, int]:
        """Above the anchor where there is room, else just inside below it."""
        height = self._canvas.textbbox((0, 0), label, font=self._font)[3] + self._thick
        x, y = anchor
        return (x, y - round(height)) if y >= height else (x + 2 * self._thick, y + 2 * self._thick)

    def _write(self, corner: tuple[int, int], text: str, color: str) -> None:
        # The dark rim keeps the letters readable on any background.
        self._canvas.text(
            corner, text, fill=color, font=self._font, stroke_width=self._thick, stroke_fill="#000000"
        )


def _to_image(array: Pixels, format: str) -> Image.Image:
    if format == "gray8":
        return Image.fromarray(np.ascontiguousarray(array.reshape(array.shape[:2])))
    return Image.fromarray(np.ascontiguousarray(convert(array, format, "rgb24")))


def _pillow_bytes(image: Image.Image, kind: str, quality: int) -> bytes:
    packed = io.BytesIO()
    # PNG: level 1 takes 0.4 of the time of the default 6 and a seventh more room; frames come in thousands.
    options: dict[str, Any] = {"PNG": {"compress_level": 1}, "WEBP": {"quality": quality}}.get(kind, {})
    try:
        image.save(packed, kind, **options)
    except (ValueError, OSError) as error:
        raise EncodeError(
            f"no {kind} can be made of {image.width}x{image.height}: {error}", format=kind
        ) from error
    return packed.getvalue()
