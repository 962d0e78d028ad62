"""Moments as people give them, turned into UTC nanoseconds (pure)."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from rushes.errors import ConfigError

__all__ = ["from_ns", "to_ns"]


def to_ns(given: object, *, option: str = "dt") -> int:
    """UTC nanoseconds of an aware or naive (local) datetime, or of a UTC timestamp in seconds.

    In whole microseconds: a double has no more at today's dates. Raises ConfigError, naming ``option``, for
    anything else and for a time outside of what a calendar holds.
    """
    try:
        if isinstance(given, datetime):
            return round(given.timestamp() * 1e6) * 1000
        if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
            datetime.fromtimestamp(given, UTC)
            return round(given * 1e6) * 1000
    except (OverflowError, OSError, ValueError) as error:
        raise ConfigError(f"{option} {given!r} is out of range: {error}", option=option) from error
    raise ConfigError(f"{option} is a datetime or a UTC timestamp in seconds, not {given!r}", option=option)


def from_ns(t_ns: int) -> datetime:
    """The aware UTC datetime of that moment, cut off to microseconds."""
    seconds, rest = divmod(t_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
