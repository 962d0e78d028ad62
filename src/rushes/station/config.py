"""A station's configuration: read from a file or given as data, checked as a whole."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from rushes.errors import ConfigError
from rushes.station.config_check import Line, Mistake, check
from rushes.station.config_cross import cross_check
from rushes.station.config_set import Override, apply, parse_set
from rushes.station.config_tables import Config
from rushes.station.config_text import Settings, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Reading", "given", "read"]

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What a configuration says. ``config`` is None when there are ``mistakes``; ``base`` is the folder that its paths
    are relative to.
    """

    config: Config | None
    base: Path
    name: str = ""
    lines: tuple[Line, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = field(default=())

    def checked(self) -> Config:
        """The configuration; ConfigError with all the mistakes, a line each."""
        if self.config is not None:
            return self.config
        raise ConfigError("\n".join(map(str, self.mistakes)), where=self.mistakes[0].where)


def read(
    path: str | os.PathLike[str],
    *,
    sets: Iterable[str] = (),
    overrides: Iterable[Override] = (),
    channels: Iterable[Mapping[str, Any]] = (),
    variables: Mapping[str, str] = os.environ,
) -> Reading:
    """The configuration in a file, with ``sets`` ("budget.memory=1 GiB") and ``overrides`` before what it says, and
    more ``channels``.

    ConfigError when there is no such file, or it is no TOML; mistakes in what it says are in the result.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{place} cannot be read: {error.strerror}; write one with: rushes config init", where=str(place)
        ) from error
    if len(raw) > _MOST_BYTES:
        raise ConfigError(f"{place} is no configuration: it has more than 1 MiB", where=str(place))
    try:
        text = raw.decode("utf-8-sig")  # what some editors begin a file with
    except UnicodeDecodeError as error:
        raise ConfigError(f"{place} is no text in UTF-8", where=str(place)) from error
    settings = read_text(text, place.name)
    rows = settings.data.setdefault("channel", [])
    if isinstance(rows, list):
        for each in channels:
            settings.places[("channel", len(rows))] = "--source"
            rows.append(dict(each))
    return _reading(settings, place.absolute().parent, str(place), sets, overrides, variables)


def given(
    data: Mapping[str, Any] | Config,
    *,
    where: str = "",
    sets: Iterable[str] = (),
    overrides: Iterable[Override] = (),
    variables: Mapping[str, str] = os.environ,
) -> Reading:
    """The same for data such as a file would have, or for a :class:`Config`; ``where`` is said of what is wrong."""
    plain: Any = _without_none(msgspec.to_builtins(data if isinstance(data, Config) else dict(data)))
    settings = Settings(plain, {(name,): where for name in plain} if where else {})
    return _reading(settings, Path.cwd(), "", sets, overrides, variables)


def _reading(
    settings: Settings,
    base: Path,
    name: str,
    sets: Iterable[str],
    overrides: Iterable[Override],
    variables: Mapping[str, str],
) -> Reading:
    from rushes.capture.sources import SOURCES

    assigned = [parse_set(each) for each in sets]
    # The options of a command line say the same more shortly; --set, which is longer, was meant.
    wrong = [each for each in assigned if isinstance(each, Mistake)]
    wrong += apply(settings, [*overrides, *(each for each in assigned if isinstance(each, Override))])
    found = check(settings, variables)
    mistakes, warnings = cross_check(found, settings, SOURCES, partial(_is_pictures, base))
    found.mistakes[:0] = wrong
    found.mistakes += mistakes
    return Reading(
        found.config(), base, name, tuple(found.lines), tuple(_in_order(found.mistakes)), tuple(warnings)
    )


def _is_pictures(base: Path, uri: str) -> bool:
    """Whether that "file:…" is played picture by picture, which a folder's name does not tell."""
    from rushes.capture.album import is_album

    rest = uri.partition(":")[2]
    return is_album(base / (unquote(urlsplit(uri).path) if rest.startswith("//") else rest))


def _in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """By line, so that a file can be put right from its top; what is in no file comes first."""
    return sorted(
        mistakes, key=lambda each: int(line) if (line := each.where.rpartition(":")[2]).isdigit() else 0
    )


def _without_none(part: Any) -> Any:
    """A file has nothing where a program may say None."""
    if isinstance(part, dict):
        return {key: _without_none(value) for key, value in part.items() if value is not None}
    return [_without_none(each) for each in part] if isinstance(part, list | tuple) else part
