"""What may be asked: the query strings and bodies of all requests, as structs (pure)."""

from __future__ import annotations

import difflib
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from rushes.errors import ConfigError
from rushes.moments import to_ns

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AtQuery",
    "ExportOrder",
    "ExportQuery",
    "FiguresQuery",
    "FileQuery",
    "FrameQuery",
    "HistoryQuery",
    "Login",
    "Moment",
    "NoQuery",
    "Range",
    "ShotOrder",
    "SpanQuery",
    "ThumbQuery",
    "Wanted",
    "check_keys",
    "moment_s",
    "stretch",
]

Moment = Annotated[
    str,
    Meta(
        description="Epoch seconds, or ISO 8601 (local time of the station where it names no zone)",
        max_length=64,
        extra_json_schema={"x-moment": True},
    ),
]
"""Decided by the text itself, as JSON and query strings differ in what is a number."""
TimeOf = Annotated[float | str, Meta(extra_json_schema={"x-moment": True})]
Width = Annotated[
    int, Meta(ge=16, le=16384, description="Pixels; the height follows, never larger than it was")
]
Quality = Annotated[int, Meta(ge=1, le=100, description="Of the JPEG")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MOST_S = 253_402_300_799.0  # the end of the year 9999, where calendars end


class NoQuery(Struct, frozen=True):
    """Nothing can be asked."""


class Wanted(Struct, frozen=True, kw_only=True):
    """How a picture is wanted."""

    w: Width | None = None
    q: Quality = 80
    figures: bool = False


class FrameQuery(Wanted, frozen=True, kw_only=True):
    """The newest picture; ``max_age`` in seconds, older ones are refused."""

    max_age: Annotated[float, Meta(ge=0, le=86400)] | None = None


class AtQuery(Wanted, frozen=True, kw_only=True):
    """The picture of a moment; ``exact`` false: the key frame before it, for less work."""

    t: Moment
    exact: bool = True


class Range(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A stretch of time."""

    from_: Moment
    to: Moment


class SpanQuery(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What was recorded; all of it where no end is named. ``max_gap`` in seconds."""

    from_: Moment | None = None
    to: Moment | None = None
    max_gap: Annotated[float, Meta(ge=0, le=86400)] = 2.0


class ThumbQuery(Range, frozen=True, kw_only=True):
    """``n`` moments, evenly spread over what was recorded."""

    n: Annotated[int, Meta(ge=1, le=200)] = 20


class FiguresQuery(Range, frozen=True, kw_only=True):
    """At most ``n`` spans, and as many moments looked at."""

    n: Annotated[int, Meta(ge=1, le=2000)] = 500


class ExportQuery(Range, frozen=True, kw_only=True):
    """``figures``: those kept with the pictures are drawn in, for which a film is encoded anew."""

    figures: bool = False


class HistoryQuery(Struct, frozen=True, kw_only=True):
    """Of which edge."""

    edge: Name


class FileQuery(Struct, frozen=True, kw_only=True):
    """A picture made smaller; other files as they are."""

    w: Width | None = None


class ShotOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture to be saved; now when ``t`` is missing. ``file_name`` may be a template, see [shots]."""

    channel: Name
    t: TimeOf | None = None
    figures: bool = False
    file_name: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class ExportOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A stretch of a channel to be made a file."""

    channel: Name
    from_: TimeOf
    to: TimeOf
    format: Literal["mp4", "gif", "webp"] = "mp4"
    figures: bool = False


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``rushes token add`` printed."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


def check_keys(given: Iterable[str], known: Iterable[str]) -> None:
    """ConfigError for a key of a query that is not known: a slip would otherwise be an answer to another question."""
    names = sorted(known)
    odd = next((each for each in given if each not in names), None)
    if odd is None:
        return
    near = difflib.get_close_matches(odd.casefold(), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = f"known: {', '.join(map(repr, names))}" if names else "nothing can be asked here"
    raise ConfigError(f"the query has no {odd[:100]!r}; {hint}{listed}", option="query")


def moment_s(given: str | float, option: str) -> float:
    """UTC seconds of a number, of one as text, or of ISO 8601. ConfigError, naming ``option``, for anything else."""
    if isinstance(given, str):
        if _NUMBER.fullmatch(given) is None:
            return _iso_s(given, option)
        given = float(given)
    if not math.isfinite(given) or not 0 <= given <= _MOST_S:
        raise ConfigError(f"{option} {given!r} is out of range: write seconds since 1970", option=option)
    return given


def stretch(start: str | float, end: str | float) -> tuple[float, float]:
    """From when to when, in UTC seconds. ConfigError when the end lies before the start."""
    start_s, end_s = moment_s(start, "from"), moment_s(end, "to")
    if end_s < start_s:
        raise ConfigError("to lies before from", option="to")
    return start_s, end_s


def _iso_s(text: str, option: str) -> float:
    try:
        seconds = to_ns(datetime.fromisoformat(text), option=option) / 1e9
    except ValueError:
        raise ConfigError(
            f"{option} {text!r} is no time: write seconds since 1970, or ISO 8601 like 2026-11-21T14:03:07.2Z",
            option=option,
        ) from None
    if not 0 <= seconds <= _MOST_S:
        raise ConfigError(f"{option} {text!r} is out of range", option=option)
    return seconds
