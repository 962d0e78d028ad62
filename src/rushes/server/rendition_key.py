"""Which rendition of a channel a viewer asks for (pure).

What is asked for is rounded, so that viewers who want nearly the same share one encode, and nobody can have a
thousand made by asking for a thousand sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, unknown_name
from rushes.server.queries import check_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.server.live_words import Set

__all__ = ["CODECS", "RenditionKey", "asked_for", "changed", "fitted", "size_of"]

CODECS = ("jpeg", "h264", "fmp4")

_WIDTHS = (32, 16384)
# Rows of a multiple of 16 are what scalers and coders take fastest.
_WIDTH_STEP = 16
_FPS = (1, 240)
_QUALITIES = (5, 100)
_QUALITY_STEP = 5
_QUALITY = 80


@dataclass(frozen=True, slots=True)
class RenditionKey:
    """One encode. ``width`` 0: as captured; ``fps`` 0: every frame; ``quality`` 5 to 100."""

    channel: str
    width: int = 0
    fps: int = 0
    quality: int = _QUALITY
    codec: str = "jpeg"


def asked_for(channel: str, query: Mapping[str, str]) -> RenditionKey:
    """The rendition that an address's ``w``, ``fps``, ``q`` and ``codec`` ask for, the last three at their default
    where they are not given. ConfigError for what cannot be had and for other keys, UnknownName for another codec.
    """
    check_keys(query, ("w", "fps", "q", "codec"))
    codec = query.get("codec", "jpeg")
    if codec not in CODECS:
        raise unknown_name("codec", codec, CODECS)
    key = RenditionKey(channel, codec=codec)
    return _with(key, *(_number(name, query.get(name)) for name in ("w", "fps", "q")))


def changed(key: RenditionKey, wish: Set) -> RenditionKey:
    """The rendition after a viewer's wish. ConfigError for what cannot be had."""
    return _with(key, wish.w, wish.fps, wish.q)


def fitted(key: RenditionKey, source_width: int) -> RenditionKey:
    """The same one for all who ask for at least what there is."""
    return replace(key, width=0) if key.width >= source_width > 0 else key


def size_of(width: int, source_width: int, source_height: int, *, even: bool) -> tuple[int, int]:
    """(width, height) of a rendition: never larger than the source, in its proportions, with ``even`` sides."""
    if width == 0 or width >= source_width:
        return source_width, source_height
    height = max(1, round(source_height * width / source_width))
    return width, max(2, height + height % 2) if even else height


def _with(key: RenditionKey, width: float | None, fps: float | None, quality: float | None) -> RenditionKey:
    return replace(
        key,
        width=key.width if width is None else _stepped("w", width, _WIDTHS, _WIDTH_STEP),
        fps=key.fps if fps is None else _stepped("fps", fps, _FPS, 1),
        quality=key.quality if quality is None else _quality(quality),
    )


def _number(name: str, text: str | None) -> float | None:
    if text is None or text == "":
        return None
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name} must be a number, not {text!r}", option=name) from None


def _stepped(name: str, value: float, limits: tuple[int, int], step: int) -> int:
    """Rounded up to a step; 0 stays 0."""
    if not math.isfinite(value) or value < 0 or value > limits[1]:
        raise ConfigError(f"{name} must be 0 (as it is) to {limits[1]}, not {value:g}", option=name)
    return 0 if value == 0 else max(limits[0], math.ceil(value / step) * step)


def _quality(value: float) -> int:
    if not 1 <= value <= 100:
        raise ConfigError(f"q must be from 1 to 100, not {value:g}", option="q")
    return max(_QUALITIES[0], round(value / _QUALITY_STEP) * _QUALITY_STEP)
