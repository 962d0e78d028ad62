"""Which part of a screen (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Region", "fit", "parse_region"]

_WRITTEN = re.compile(r"(-?\d+),(-?\d+),(\d+),(\d+)")


class Region(NamedTuple):
    """A rectangle of screen pixels, its corner counted from the top left."""

    x: int
    y: int
    width: int
    height: int


def parse_region(text: str, *, uri: str) -> Region | None:
    """The region written as ``x,y,w,h``; None for nothing, the whole screen. ConfigError for anything else."""
    if not text:
        return None
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ConfigError(f'{uri!r}: write "screen:" or "screen:x,y,width,height" in pixels', option="uri")
    return Region(*map(int, found.groups()))


def fit(wanted: Region | Sequence[int] | None, width: int, height: int) -> Region:
    """The region on a screen of that size; all of it for None.

    Raises ConfigError when it is empty or partly outside. Clipping it was rejected: whoever asked for 800x600
    would get pictures of another size without a word.
    """
    if wanted is None:
        return Region(0, 0, width, height)
    region = Region(*wanted)
    if region.width < 1 or region.height < 1:
        raise ConfigError(f"a region of {region.width}x{region.height} has no pixels", option="rect")
    inside = region.x >= 0 and region.y >= 0
    if not inside or region.x + region.width > width or region.y + region.height > height:
        raise ConfigError(
            f"the region {region.width}x{region.height} at {region.x},{region.y} is not on the screen, which is "
            f"{width}x{height}",
            option="rect",
        )
    return region
