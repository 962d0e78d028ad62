"""Overlays as plain data: what to draw over a frame, kept beside it and drawn only on request.

Coordinates are fractions of the picture, 0 at the left and top, 1 at the right and bottom edge, so that one
figure fits every rendition of a frame.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from rushes.errors import ConfigError, unknown_name

__all__ = ["Box", "Figure", "Line", "Polygon", "Text", "from_plain", "to_plain"]

Point = tuple[float, float]

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_GREEN = "#00ff00"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle within the picture: left ``x``, top ``y``, width ``w`` and height ``h``."""

    x: float
    y: float
    w: float
    h: float
    label: str = field(default="", kw_only=True)
    color: str = field(default=_GREEN, kw_only=True)

    def __post_init__(self) -> None:
        _check_style(self)
        for name in ("x", "y", "w", "h"):
            object.__setattr__(self, name, _fraction(name, getattr(self, name)))
        # A detector's rounding may carry an edge a hair past 1; more than that is pixels taken for fractions.
        if self.x + self.w > 1 + 1e-6 or self.y + self.h > 1 + 1e-6:
            raise ConfigError(
                f"box leaves the picture: x+w={self.x + self.w:g}, y+h={self.y + self.h:g}, at most 1"
            )


@dataclass(frozen=True, slots=True)
class Line:
    """An open run of at least two ``points``, each (x, y)."""

    points: Sequence[Point]
    label: str = field(default="", kw_only=True)
    color: str = field(default=_GREEN, kw_only=True)

    def __post_init__(self) -> None:
        _check_style(self)
        object.__setattr__(self, "points", _points(self.points, at_least=2))


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed outline through at least three ``points``, each (x, y); the last joins the first."""

    points: Sequence[Point]
    label: str = field(default="", kw_only=True)
    color: str = field(default=_GREEN, kw_only=True)

    def __post_init__(self) -> None:
        _check_style(self)
        object.__setattr__(self, "points", _points(self.points, at_least=3))


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` whose left and top corner is at ``x``, ``y``."""

    x: float
    y: float
    text: str
    label: str = field(default="", kw_only=True)
    color: str = field(default=_GREEN, kw_only=True)

    def __post_init__(self) -> None:
        _check_style(self)
        for name in ("x", "y"):
            object.__setattr__(self, name, _fraction(name, getattr(self, name)))
        if not isinstance(self.text, str):
            raise ConfigError(f"text must be a str, not {type(self.text).__name__}", option="text")


Figure = Box | Line | Polygon | Text
"""Any of the four."""

_KINDS: Mapping[str, type[Figure]] = {"box": Box, "line": Line, "polygon": Polygon, "text": Text}


def to_plain(figure: Figure) -> dict[str, Any]:
    """The figure as plain data (str, float, list), with its ``kind``; :func:`from_plain` turns it back."""
    kind = type(figure).__name__.lower()
    if _KINDS.get(kind) is not type(figure):
        raise ConfigError(f"a figure is one of {', '.join(_KINDS)}, not {type(figure).__name__}")
    plain: dict[str, Any] = {"kind": kind}
    for each in fields(figure):
        value = getattr(figure, each.name)
        plain[each.name] = [list(point) for point in value] if each.name == "points" else value
    return plain


def from_plain(plain: Mapping[str, Any]) -> Figure:
    """The figure that :func:`to_plain` described.

    The data may come from anywhere: an unknown kind or field, a missing one, a coordinate outside 0..1 or a
    colour that is not "#rrggbb" raises ConfigError.
    """
    if not isinstance(plain, Mapping):
        raise ConfigError(f"a figure is described by a mapping, not {type(plain).__name__}")
    given = dict(plain)
    kind = given.pop("kind", None)
    maker = _KINDS.get(kind) if isinstance(kind, str) else None
    if maker is None:
        raise unknown_name("figure", kind, _KINDS)
    known = [each.name for each in fields(maker)]
    for name in given:
        if name not in known:
            raise unknown_name(f"field of {kind}", name, known)
    missing = [name for name in known if name not in given and name not in ("label", "color")]
    if missing:
        raise ConfigError(f"{kind} lacks {', '.join(missing)}", option=missing[0])
    return maker(**given)


def _check_style(figure: Figure) -> None:
    # The annotations say str, but the data may be a stranger's.
    label: object = figure.label
    color: object = figure.color
    if not isinstance(label, str):
        raise ConfigError(f"label must be a str, not {type(label).__name__}", option="label")
    if not isinstance(color, str) or _COLOR.fullmatch(color) is None:
        raise ConfigError(f'color must look like "#rrggbb", not {color!r}', option="color")


def _fraction(name: str, value: object) -> float:
    # bool is an int to Python, but a coordinate of True is a slip. numpy's numbers pass through __float__.
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise ConfigError(f"{name} must be a number, not {type(value).__name__}", option=name)
    number = float(value)
    if not (math.isfinite(number) and 0 <= number <= 1):
        raise ConfigError(
            f"{name} must be a fraction of the picture from 0 to 1, not {number:g}", option=name
        )
    return number


def _points(given: object, *, at_least: int) -> tuple[Point, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ConfigError(f"points must be a list of (x, y), not {type(given).__name__}", option="points")
    points = []
    for each in given:
        try:
            x, y = each
        except (TypeError, ValueError):
            raise ConfigError(f"each of points must be (x, y), not {each!r}", option="points") from None
        points.append((_fraction("x of a point", x), _fraction("y of a point", y)))
    if len(points) < at_least:
        raise ConfigError(f"needs at least {at_least} points, got {len(points)}", option="points")
    return tuple(points)
