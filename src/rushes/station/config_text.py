"""The text of a configuration, and on which line each of its settings stands (pure).

A parser that tells places would be one more dependency; instead each statement, which is a run of lines that is
TOML by itself, is parsed once more alone.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Path", "Settings", "parse_value", "read_text"]

Path = tuple[str | int, ...]
"""Where a setting is: ("channel", 0, "fps")."""


@dataclass(slots=True)
class Settings:
    """What is set, as plain data, and for each path of it where: "station.toml:14", "--set"."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)

    def where(self, path: Path) -> str:
        """Where that is set, or else the table it would be in, or else the first of what is in it, if any."""
        at = path
        while at and at not in self.places:
            at = at[:-1]
        inside = (place for each, place in self.places.items() if each[: len(path)] == path)
        return self.places[at] if at else next(inside, "")


def read_text(text: str, name: str) -> Settings:
    """The settings in ``text``, whose file is called ``name``. ConfigError when it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(error, name) from None
    return Settings(data, {path: f"{name}:{line}" for path, line in _lines(text)})


def parse_value(text: str) -> Any:
    """A value as written on a command line: TOML where it is any, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """Each path set in ``text``, which is TOML, and its line, counted from 1."""
    at: Path = ()
    rows: Counter[Path] = Counter()
    for line, statement, found in _statements(text):
        if not statement.lstrip().startswith("["):
            yield from ((at + path, line) for path in _paths(found))
            continue
        at = ()
        keys = next(path for path in _paths(found, headers=True))
        for depth, key in enumerate(keys, start=1):
            at = (*at, key)
            last = depth == len(keys)
            if last and statement.lstrip().startswith("[["):
                rows[at] += 1
            if rows[at]:  # an array of tables: a table in it is one of the last row
                at = (*at, rows[at] - 1)
        yield at, line


def _statements(text: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    gathered, first = "", 1
    # Not splitlines, which ends lines at signs that are text to TOML and to editors.
    for line, each in enumerate(StringIO(text), start=1):
        first = first if gathered else line
        gathered += each
        try:
            found = tomllib.loads(gathered)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        if found:
            yield first, gathered, found
        gathered = ""


def _paths(found: Any, *, headers: bool = False) -> Iterator[Path]:
    """The keys of one statement: the whole of it for a header, and each on the way for a setting."""
    for key, value in found.items():
        below = value[0] if headers and isinstance(value, list) else value
        if isinstance(below, dict):
            yield from ((key, *rest) for rest in _paths(below, headers=headers))
            if headers and below:
                continue
        yield (key,)


def _no_toml(error: tomllib.TOMLDecodeError, name: str) -> ConfigError:
    said, _, place = str(error).rpartition(" (at ")
    line = place.removeprefix("line ").partition(",")[0] if place.startswith("line ") else ""
    where = f"{name}:{line}" if line else name
    return ConfigError(f"{where}: this is no TOML: {said or error}", where=where)
