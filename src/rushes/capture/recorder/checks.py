"""Options of a recording that cannot be (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from rushes.interfaces import SourceInfo

__all__ = ["check_memory", "check_options"]

FORMATS: Final = ("mp4", "jpeg", "qoi", "png")
# Of two pixels; formats that are not here have frames of no fixed size.
_TWO_PIXELS_BYTES: Final = {"bgr24": 6, "rgb24": 6, "bgra": 8, "gray8": 2, "i420": 3}


def check_options(
    format: str,
    every_s: float,
    quality: int,
    memory_bytes: int,
    disk_bytes: int | None,
    threads: int | None,
    overwrite: bool,
) -> None:
    """UnknownName or ConfigError for what is wrong whatever the source is."""
    if format not in FORMATS:
        raise unknown_name("recording format", format, FORMATS)
    if not 1 <= quality <= 100:
        raise ConfigError(f"quality must be from 1 to 100, not {quality!r}", option="quality")
    if overwrite and format != "mp4":
        raise ConfigError("overwrite is for an mp4; pictures need a folder without any", option="overwrite")
    numbers = {"every_s": every_s, "memory_bytes": memory_bytes, "disk_bytes": disk_bytes, "threads": threads}
    for option, value in numbers.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{option} is {value}; give more than 0", option=option)


def check_memory(memory_bytes: int, info: SourceInfo) -> None:
    """ConfigError when not one frame of the source would ever fit."""
    least = info.width * info.height * _TWO_PIXELS_BYTES.get(info.format, 0) // 2
    if memory_bytes < least:
        raise ConfigError(
            f"memory_bytes is {memory_bytes}, but one frame of {info.width}x{info.height} {info.format} has "
            f"{least}: give at least {least}",
            option="memory_bytes",
        )
