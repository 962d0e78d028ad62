"""How much is allowed and how much there is: sizes, durations, pixels, memory, room on a disk."""

from __future__ import annotations

import errno
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, FrameError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_PIXELS",
    "available_ram_bytes",
    "available_shm_bytes",
    "check_pixels",
    "format_duration",
    "format_size",
    "is_disk_full",
    "parse_duration",
    "parse_size",
]

MAX_PIXELS = 16384 * 16384
"""The most pixels a picture from outside may claim. 16384 is the side beyond which video coders and
graphics cards give up; as BGR this is 768 MiB, so that a few bytes of forged header cannot ask for all the
memory there is.
"""

_SIZES: Mapping[str, int] = {
    "B": 1,
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", start=1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", start=1)},
}
_DURATIONS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def parse_size(value: str | int, *, option: str = "size") -> int:
    """Bytes in "512 MiB", "1 GiB", "10MB", "4096" or 4096.

    KiB, MiB, GiB, TiB count in 1024s, kB to TB in 1000s.

    Raises ConfigError, naming ``option``, for anything else, below zero included.
    """
    examples = 'write it like "512 MiB", "1.5 GB" or a whole number of bytes'
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ConfigError(f"{option} must not be negative, got {value}", option=option)
        return value
    # Without regard to case: nobody means milli- or megabits by "512mib".
    units = {name.casefold(): factor for name, factor in _SIZES.items()}
    number, unit = _split(value, option, examples)
    factor = units.get((unit or "B").casefold())
    if factor is None:
        raise ConfigError(f"{option} has the unknown unit {unit!r}: {examples}", option=option)
    return round(number * factor)


def format_size(size_bytes: int) -> str:
    """For people: "1536 B" is "1.5 KiB"; at most three digits and a tenth."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"


def parse_duration(value: str | float, *, option: str = "duration") -> float:
    """Seconds in "40ms", "2s", "5 min", "1.5h", "14d" or in a plain number of seconds.

    Raises ConfigError, naming ``option``, for anything else: below zero, infinite, or a number in quotes
    without a unit (it would be a guess).
    """
    examples = 'write it like "40ms", "2s", "5min", "1.5h" or "14d"'
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not (math.isfinite(value) and value >= 0):
            raise ConfigError(f"{option} must be finite and not negative, got {value}", option=option)
        return float(value)
    number, unit = _split(value, option, examples)
    factor = _DURATIONS.get(unit)
    if factor is None:
        problem = f"has the unknown unit {unit!r}" if unit else "has no unit"
        raise ConfigError(f"{option} {problem}: {examples}", option=option)
    return number * factor


def format_duration(seconds: float) -> str:
    """For people: 0.04 is "40ms", 90 is "1.5min", 1209600 is "14d"."""
    for unit in ("d", "h", "min", "s"):
        if abs(seconds) >= _DURATIONS[unit]:
            return f"{seconds / _DURATIONS[unit]:.4g}{unit}"
    return f"{seconds * 1000:.4g}ms"


def _split(value: object, option: str, examples: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(f"{option} cannot be {value!r}: {examples}", option=option)
    return float(match[1]), match[2]


def check_pixels(height: int, width: int, *, limit: int = MAX_PIXELS) -> None:
    """Raises FrameError when a picture of that size has no pixel, or more than ``limit``."""
    if height < 1 or width < 1:
        raise FrameError(f"a picture of {width}x{height} has no pixels", shape=(height, width))
    if height * width > limit:
        raise FrameError(
            f"a picture of {width}x{height} is over the limit of {limit} pixels", shape=(height, width)
        )


def available_ram_bytes(*, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes of memory that could be taken now: the machine's, or the container's when that is less.

    The container is read from the version 2 control groups, each one from this process's own up to the root.
    """
    rooms: list[int | None] = [_machine_ram(proc)]
    group = _own_group(proc)
    if group is not None:
        place = cgroups / group
        while place != cgroups:
            rooms.append(_group_room(place))
            place = place.parent
        rooms.append(_group_room(cgroups))  # inside a container its own group is mounted as the root
    return max(0, min(room for room in rooms if room is not None))


def available_shm_bytes(folder: str | os.PathLike[str] = "/dev/shm") -> int:
    """Bytes that shared memory can still take: what its file system has free, never more than the memory.

    Raises OSError when there is no such folder.
    """
    room = os.statvfs(folder)
    return min(room.f_bavail * room.f_frsize, available_ram_bytes())


def is_disk_full(error: BaseException) -> bool:
    """Whether it says that there is no room to write: disk full, quota used up, or more than one file may have."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _machine_ram(proc: Path) -> int:
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        # No Linux: all of the memory is the best that the standard library can tell.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    figures = {name: int(rest.split()[0]) * 1024 for name, rest in (line.split(":", 1) for line in lines)}
    return figures["MemAvailable"]


def _own_group(proc: Path) -> str | None:
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    # Version 2 is the one line with hierarchy 0 and no controllers. ".." parts mean outside of what can be
    # seen here.
    path = next((line[3:] for line in lines if line.startswith("0::")), None)
    return None if path is None or ".." in path else path.strip("/")


def _group_room(place: Path) -> int | None:
    try:
        limit = (place / "memory.max").read_text(encoding="ascii").strip()
        if limit == "max":
            return None
        used = int((place / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (place / "memory.stat").read_text(encoding="ascii").splitlines())
    except OSError:
        return None  # no version 2 groups, or not this controller: then there is no limit to respect
    # Cached file pages count as used, though the kernel gives them up before it refuses anybody memory.
    return int(limit) - used + int(stat.get("inactive_file", 0))
