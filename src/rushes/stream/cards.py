"""Pictures to try a stream with: a test card and a landscape, each in three sizes.

They are drawn here in code, so that no picture file travels with the package; once drawn, the newest two are kept.
"""

from __future__ import annotations

import colorsys
import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rushes.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

__all__ = ["IMAG_L", "IMAG_M", "IMAG_S", "TEST_L", "TEST_M", "TEST_S", "loadimage", "moving"]

TEST_S, TEST_M, TEST_L, IMAG_S, IMAG_M, IMAG_L = range(6)
"""The test card, then the landscape: 640x480, 1280x720 and 1920x1080 pixels each."""

_NAMES = ("TEST_S", "TEST_M", "TEST_L", "IMAG_S", "IMAG_M", "IMAG_L")
_SIZES = ((640, 480), (1280, 720), (1920, 1080))
_BARS = ("#c0c0c0", "#c0c000", "#00c0c0", "#00c000", "#c000c0", "#c00000", "#0000c0", "#101010")
_ROUND_FRAMES = 240


def loadimage(card: int) -> Image.Image:
    """The picture of that number, in RGB; a new copy with each call. UnknownName for another number."""
    return Image.fromarray(_drawn(_checked(card)))


def moving(card: int, animated: bool) -> Iterator[Pixels]:
    """Pictures without end, uint8 (height, width, 3) in BGR order and read-only; copy one to draw on it.

    With ``animated`` the picture rolls upward and comes round again after about 240 pictures; else each is the
    same array. UnknownName for another number, at the call.
    """
    bgr = np.ascontiguousarray(_drawn(_checked(card))[:, :, ::-1])
    return _rolling(bgr) if animated else _still(bgr)


def _still(picture: Pixels) -> Iterator[Pixels]:
    picture.flags.writeable = False
    while True:
        yield picture


def _rolling(picture: Pixels) -> Iterator[Pixels]:
    height = picture.shape[0]
    # One below the other twice: each picture is then a contiguous view, where np.roll would copy all of it.
    # Upward, since a view that moves sideways would not be contiguous.
    twice = np.concatenate((picture, picture))
    twice.flags.writeable = False
    step = max(1, height // _ROUND_FRAMES)
    top = 0
    while True:
        yield twice[top : top + height]
        top = (top + step) % height


def _checked(card: int) -> int:
    if isinstance(card, bool) or card not in range(len(_NAMES)):
        listed = ", ".join(f"{name} ({number})" for number, name in enumerate(_NAMES))
        raise UnknownName(f"no card {card!r}; known: {listed}", name=str(card), known=_NAMES)
    return int(card)


# All six take 21 MB; whoever shows one shows at most one more beside it.
@functools.lru_cache(maxsize=2)
def _drawn(card: int) -> Pixels:
    """RGB, read-only."""
    width, height = _SIZES[card % 3]
    image = _test_card(width, height) if card < IMAG_S else _landscape(width, height)
    pixels = np.array(image)
    pixels.flags.writeable = False
    return pixels


def _test_card(width: int, height: int) -> Image.Image:
    unit = height // 12
    image = Image.new("RGB", (width, height), "#585858")
    canvas = ImageDraw.Draw(image)
    across = width // unit
    left = (width - across * unit) // 2
    for column in range(across + 1):
        canvas.line(
            [(left + column * unit, 0), (left + column * unit, height)], "#d8d8d8", max(1, unit // 30)
        )
    for row in range(13):
        canvas.line([(0, row * unit), (width, row * unit)], "#d8d8d8", max(1, unit // 30))
    inner = (across - 4) * unit
    _draw_bars(canvas, (left + 2 * unit, 2 * unit), inner, 4 * unit)
    image.paste(_ramp(inner, unit), (left + 2 * unit, 6 * unit))
    _draw_steps(canvas, (left + 2 * unit, 7 * unit), inner, unit)
    _draw_lines(canvas, (left + 2 * unit, 8 * unit), inner, 2 * unit)
    image.paste(_hues(inner, unit), (left + 2 * unit, 10 * unit - unit // 2))
    _draw_marks(image, canvas, unit, f"{width} x {height}")
    return image


def _draw_bars(canvas: ImageDraw.ImageDraw, place: tuple[int, int], width: int, height: int) -> None:
    x, y = place
    for number, color in enumerate(_BARS):
        left, right = (x + width * edge // len(_BARS) for edge in (number, number + 1))
        canvas.rectangle([left, y, right - 1, y + height - 1], color)


def _ramp(width: int, height: int) -> Image.Image:
    """Every gray from black to white."""
    row = np.linspace(0, 255, width).round().astype(np.uint8)
    return Image.fromarray(np.broadcast_to(row[None, :, None], (height, width, 3)).copy())


def _draw_steps(canvas: ImageDraw.ImageDraw, place: tuple[int, int], width: int, height: int) -> None:
    """Eleven grays in steps that can be told apart on a screen that is set well."""
    x, y = place
    for number in range(11):
        left, right = (x + width * edge // 11 for edge in (number, number + 1))
        gray = round(number * 25.5)
        canvas.rectangle([left, y, right - 1, y + height - 1], (gray, gray, gray))


def _draw_lines(canvas: ImageDraw.ImageDraw, place: tuple[int, int], width: int, height: int) -> None:
    """Upright lines that come closer from left to right: what a coding or scaling blurs is seen at once."""
    x, y = place
    canvas.rectangle([x, y, x + width - 1, y + height - 1], "#ffffff")
    for number, pitch in enumerate((24, 16, 12, 8, 6, 4, 3, 2)):
        left, right = (x + width * edge // 8 for edge in (number, number + 1))
        for line in range(left, right, pitch):
            canvas.rectangle([line, y, min(right, line + pitch // 2) - 1, y + height - 1], "#000000")


def _hues(width: int, height: int) -> Image.Image:
    colors = [colorsys.hsv_to_rgb(place / width, 1.0, 1.0) for place in range(width)]
    row = (np.array(colors) * 255).round().astype(np.uint8)
    return Image.fromarray(np.broadcast_to(row[None], (height, width, 3)).copy())


def _draw_marks(image: Image.Image, canvas: ImageDraw.ImageDraw, unit: int, size: str) -> None:
    """The circle, round only where pixels are square; the cross of the middle; the borders; the size in words."""
    width, height = image.size
    middle, centre, radius = width // 2, height // 2, round(5.5 * unit)
    thick = max(2, unit // 12)
    canvas.ellipse(
        [middle - radius, centre - radius, middle + radius, centre + radius], outline="#ffffff", width=thick
    )
    canvas.line([(middle, centre - unit), (middle, centre + unit)], "#ffffff", thick)
    canvas.line([(middle - unit, centre), (middle + unit, centre)], "#ffffff", thick)
    canvas.rectangle([0, 0, width - 1, height - 1], outline="#ffffff", width=thick)
    font: Any = ImageFont.load_default(size=round(unit * 0.6))
    for text, at in (("rushes", 1.5 * unit), (size, height - unit)):
        box = canvas.textbbox((middle, at), text, font=font, anchor="mm")
        canvas.rectangle(
            [box[0] - unit // 4, box[1] - unit // 8, box[2] + unit // 4, box[3] + unit // 8], "#101010"
        )
        canvas.text((middle, at), text, "#ffffff", font=font, anchor="mm")


def _landscape(width: int, height: int) -> Image.Image:
    """A low sun over a lake among hills."""
    x = np.linspace(0.0, 1.0, width)
    shore = round(height * 0.66)
    scene = _sky(width, shore, height)
    for number, (base, rise, color) in enumerate(
        ((0.47, 0.16, (150, 142, 176)), (0.55, 0.11, (104, 112, 140)), (0.63, 0.07, (58, 84, 84)))
    ):
        phase = 1.7 * number + 0.6
        ridge = base - rise * (
            0.5 * np.sin(2.3 * np.pi * x + phase) + 0.3 * np.sin(5.1 * np.pi * x + 2 * phase) + 0.2
        )
        ridge -= 0.006 * np.sin(61 * x + phase) + 0.004 * np.sin(143 * x)
        below = np.arange(shore)[:, None] >= (ridge * height)[None, :]
        scene[below] = color
    lake = _lake(scene, height - shore)
    whole = np.concatenate((scene, lake))
    # As much as a camera would add: without it codings find the picture far too easy.
    whole += np.random.default_rng(3).normal(0.0, 1.5, (height, width, 1))
    image = Image.fromarray(whole.round().clip(0, 255).astype(np.uint8))
    _draw_bank(ImageDraw.Draw(image), width, height)
    return image


def _sky(width: int, shore: int, height: int) -> NDArray[np.float64]:
    down = np.linspace(0.0, 1.0, shore)
    stops = ((52, 90, 160), (132, 160, 208), (244, 196, 150), (255, 168, 104))
    sky = np.stack(
        [np.interp(down, (0, 0.4, 0.75, 1), channel) for channel in zip(*stops, strict=True)], axis=1
    )
    scene = np.repeat(sky[:, None, :], width, axis=1)
    yy, xx = np.mgrid[0:shore, 0:width]
    away = np.hypot(xx - 0.64 * width, yy - 0.37 * height) / height
    glow = np.exp(-(away**2) / 0.045)[:, :, None]
    scene += (np.array((255, 226, 160)) - scene) * 0.75 * glow
    disc = np.clip((0.062 - away) * height + 0.5, 0, 1)[:, :, None]
    scene += (np.array((255, 246, 214)) - scene) * disc
    return scene


def _lake(scene: NDArray[np.float64], depth: int) -> NDArray[np.float64]:
    """The scene upside down, with waves that grow towards the eye."""
    shore, width = scene.shape[:2]
    near = np.linspace(0.0, 1.0, depth)
    rows = shore - 1 - np.minimum((near * shore * 0.9).astype(int), shore - 1)
    wave = near * width * 0.012 * np.sin(2.0 * np.pi * 26 * np.sqrt(near))
    columns = (np.arange(width)[None, :] + wave[:, None]).round().astype(int).clip(0, width - 1)
    mirrored = scene[rows[:, None], columns]
    shade = (0.82 - 0.25 * near + 0.05 * np.sin(2.0 * np.pi * 40 * np.sqrt(near)))[:, None, None]
    lake: NDArray[np.float64] = mirrored * shade + np.array((4.0, 12.0, 26.0))
    return lake


def _draw_bank(canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """Reeds in front, to the left: fine upright detail, which codings find hard."""
    rng = np.random.default_rng(7)
    bank = [(0, height), (0, 0.93 * height), (0.14 * width, 0.95 * height), (0.36 * width, height)]
    canvas.polygon([(round(x), round(y)) for x, y in bank], "#16261c")
    for place, lean, tall in rng.uniform((0, -0.03, 0.08), (0.3, 0.03, 0.26), (90, 3)):
        foot = (round(place * width), height)
        tip = (round((place + lean) * width), round(height * (1 - tall * (1 - 1.8 * place))))
        canvas.line([foot, tip], "#16261c", max(1, height // 240))
