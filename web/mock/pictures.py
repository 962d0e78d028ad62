"""Moving pictures for the mock: a short loop of each channel, drawn once."""

from __future__ import annotations

import functools
import io
import math

from PIL import Image, ImageDraw, ImageFont

__all__ = ["FRAMES", "figures", "jpeg"]

FRAMES = 60
_HUES = {"front": (92, 110, 128), "yard": (96, 118, 92), "dock": (120, 104, 88), "gate": (104, 98, 120)}


@functools.cache
def _still(channel: str, width: int) -> Image.Image:
    """A gray building under a sky, in the channel's own tint."""
    height = width * 9 // 16
    red, green, blue = _HUES.get(channel, (90, 104, 116))
    picture = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(picture)
    for y in range(height):
        shade = 0.55 + 0.75 * y / height if y < height * 0.45 else 0.9 - 0.4 * (y / height - 0.45)
        pen.line((0, y, width, y), fill=(int(red * shade), int(green * shade), int(blue * shade)))
    for k in range(7):
        left = width * (0.02 + 0.14 * k)
        top = height * (0.2 + 0.09 * math.sin(k * 2.3 + len(channel)))
        pen.rectangle((left, top, left + width * 0.12, height * 0.62), fill=(red // 3, green // 3, blue // 3))
        for row in range(4):
            pen.rectangle(
                (
                    left + width * 0.02,
                    top + height * (0.03 + 0.07 * row),
                    left + width * 0.1,
                    top + height * (0.06 + 0.07 * row),
                ),
                fill=(red // 2, green // 2, blue // 2),
            )
    for k in range(9):
        x = width * (k / 8)
        pen.line(
            (width / 2 + (x - width / 2) * 0.4, height * 0.62, x * 1.6 - width * 0.3, height),
            fill=(red // 2, green // 2, blue // 2),
        )
    return picture


def _car(frame: int) -> tuple[float, float, float, float]:
    """Left, top, width, height as fractions."""
    phase = frame / FRAMES
    return (
        0.05 + 0.75 * (0.5 - 0.5 * math.cos(phase * 2 * math.pi)),
        0.66 + 0.04 * math.sin(phase * 6.28),
        0.16,
        0.15,
    )


def figures(frame: int) -> list[dict[str, object]]:
    """What a detector would have found in that frame."""
    x, y, w, h = _car(frame % FRAMES)
    return [
        {
            "kind": "box",
            "x": x,
            "y": y,
            "w": w,
            "h": h,
            "label": f"car {0.87 + 0.1 * math.sin(frame):.2f}",
            "color": "#4ec27f",
        },
        {
            "kind": "polygon",
            "points": [[0.3, 0.64], [0.7, 0.64], [0.95, 0.98], [0.05, 0.98]],
            "label": "",
            "color": "#e0a030",
        },
    ]


@functools.lru_cache(4000)
def jpeg(channel: str, frame: int, width: int) -> bytes:
    """Frame ``frame % FRAMES`` of the loop, ``width`` pixels across."""
    picture = _still(channel, width).copy()
    height = picture.height
    pen = ImageDraw.Draw(picture)
    x, y, w, h = _car(frame % FRAMES)
    box = (x * width, y * height, (x + w) * width, (y + h) * height)
    pen.rounded_rectangle(box, radius=height * 0.03, fill=(206, 210, 214), outline=(40, 44, 48), width=2)
    pen.rectangle(
        (box[0] + w * width * 0.2, box[1] + 4, box[2] - w * width * 0.2, box[1] + h * height * 0.45),
        fill=(58, 70, 84),
    )
    pen.text(
        (width * 0.02, height * 0.03),
        f"{channel} {frame % FRAMES:02d}",
        fill=(255, 255, 255),
        font=ImageFont.load_default(height // 16),
    )
    out = io.BytesIO()
    picture.save(out, "jpeg", quality=75)
    return out.getvalue()
