"""Moments as they are written on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from rushes.errors import ConfigError
from rushes.limits import parse_duration

__all__ = ["local", "parse_time"]

_EXAMPLES = '"2026-11-21T14:03:07.2", "14:03:07" (today), "-30s" (ago), seconds since 1970, or "now"'


def parse_time(text: str, *, option: str, now: datetime | None = None) -> datetime:
    """The aware moment of an ISO 8601 time, one without a zone being local; or of the other ways of the examples.

    Raises ConfigError, naming ``option``, for anything else.
    """
    now = now or datetime.now(UTC)
    try:
        if text == "now":
            return now.astimezone()
        if text.startswith("-"):
            return now.astimezone() - timedelta(seconds=parse_duration(text[1:], option=option))
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC).astimezone()
        if "T" not in text and "-" not in text and ":" in text:
            clock = time.fromisoformat(text)
            # Today where that zone is: around midnight the date here may be another one.
            return datetime.combine(now.astimezone(clock.tzinfo).date(), clock).astimezone()
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"{option} cannot be {text!r}: write it like {_EXAMPLES}", option=option) from error


def local(t_ns: int | None) -> str:
    """For people: local date and time to the tenth of a second, or "-"."""
    if t_ns is None:
        return "-"
    moment = datetime.fromtimestamp(t_ns / 1e9)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 100_000}"
