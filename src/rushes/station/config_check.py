"""Settings against the tables they are to fit: all mistakes at once, each with its place (pure)."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import msgspec

from rushes.errors import ConfigError
from rushes.limits import format_duration, format_size, parse_duration, parse_size
from rushes.station.config_env import fill
from rushes.station.config_tables import Config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rushes.station.config_text import Path, Settings

__all__ = ["Checked", "Line", "Mistake", "check", "label", "near"]

_ROWS = ("channel", "work")
_MOST_SHOWN = 80


class Mistake(NamedTuple):
    """One thing that is wrong: ``station.toml:14 channel[1] "desk": tries: expected a whole number, got "x"``."""

    where: str
    table: str
    text: str

    def __str__(self) -> str:
        head = " ".join(part for part in (self.where, self.table) if part)
        return f"{head}: {self.text}" if head else self.text


class Line(NamedTuple):
    """One setting as it may be shown: ``section`` like "budget" or "channel.front"; ``where`` it is set."""

    section: str
    key: str
    value: str
    where: str


@dataclass(slots=True)
class Checked:
    """What came of it: the ``tables`` that are right, and of every one the ``values`` that are, by path."""

    tables: dict[Path, Any] = field(default_factory=dict)
    values: dict[Path, dict[str, Any]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def config(self) -> Config | None:
        """The whole; None with any mistake."""
        if self.mistakes:
            return None
        made: dict[str, Any] = {
            str(path[0]): each for path, each in self.tables.items() if path[0] not in _ROWS
        }
        for name in _ROWS:
            made[name] = tuple(each for path, each in self.tables.items() if path[0] == name)
        return Config(**made)


def check(settings: Settings, variables: Mapping[str, str]) -> Checked:
    """Checks each table and each key by itself, with ``variables`` for ``${NAME}``."""
    found = Checked()
    fields = {each.name: each for each in msgspec.structs.fields(Config)}
    for name in settings.data:
        if name not in fields:
            value = settings.data[name]
            what = (
                f"table [{name}]" if isinstance(value, dict | list) else f'key "{name}" outside of all tables'
            )
            found.mistakes.append(
                Mistake(settings.where((name,)), "", f"unknown {what}{near(name, fields, '[{}]')}")
            )
    for name, each in fields.items():
        value = settings.data.get(name, [] if name in _ROWS else {})
        if name in _ROWS:
            _check_rows(name, get_args(each.type)[0], value, settings, variables, found)
        elif not isinstance(value, dict):
            found.mistakes.append(
                Mistake(settings.where((name,)), name, f"write [{name}], once, in single brackets")
            )
        else:
            _Table(each.type, (name,), value, settings, variables, found).check()
    return found


def _check_rows(
    name: str, kind: Any, value: Any, settings: Settings, variables: Mapping[str, str], found: Checked
) -> None:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        text = f"write [[{name}]], in double brackets, for each {name}"
        found.mistakes.append(Mistake(settings.where((name,)), name, text))
        return
    for index, row in enumerate(value):
        _Table(kind, (name, index), row, settings, variables, found).check()


class _Table:
    """One table on its way."""

    def __init__(
        self,
        kind: Any,
        path: Path,
        given: Mapping[str, Any],
        settings: Settings,
        variables: Mapping[str, str],
        found: Checked,
    ) -> None:
        self._kind, self._path, self._given = kind, path, given
        self._settings, self._variables, self._found = settings, variables, found
        self._fields = {each.name: each for each in msgspec.inspect.type_info(kind).fields}  # type: ignore[attr-defined]
        self._label = label(path, given)
        self._right = True

    def check(self) -> None:
        values = self._found.values[self._path] = {}
        types = {each.name: each.type for each in msgspec.structs.fields(self._kind)}
        for key, value in self._given.items():
            if key not in self._fields:
                self._wrong(f'unknown key "{key}"{near(key, self._fields)}', key)
            else:
                before = len(self._found.mistakes)
                made, shown = self._value(key, value, types[key])
                if len(self._found.mistakes) == before:
                    values[key] = made
                self._show(key, shown, self._settings.where((*self._path, key)))
        for key, each in self._fields.items():
            if key in self._given:
                continue
            if each.required:
                self._wrong(f'it has no "{key}": {_said(each.type)}')
            else:
                values[key] = each.default
                self._show(key, _default(each), "default")
        if self._right:
            self._found.tables[self._path] = self._kind(**values)

    def _value(self, key: str, value: Any, wanted: Any) -> tuple[Any, str]:
        """What it stands for, and the same fit to be shown."""
        type_ = self._fields[key].type
        before = len(self._found.mistakes)
        filled, shown = self._filled(key, value)
        if len(self._found.mistakes) > before:
            return None, shown
        quantity = _extra(type_, "quantity")
        try:
            if quantity is not None:
                filled = (parse_size if quantity == "size" else parse_duration)(filled)
            return msgspec.convert(filled, wanted), shown
        except (msgspec.ValidationError, ConfigError):
            expects = _extra(type_, "expects") or _EXPECTS.get(_plain(type_), "another kind of value")
            self._wrong(f"{key}: expected {expects}, got {_written(value, shown)}", key)
            return None, shown

    def _filled(self, key: str, value: Any) -> tuple[Any, str]:
        if isinstance(value, str):
            filled = fill(value, self._variables)
            for each in filled.wrong:
                self._wrong(f"{key}: {each}", key)
            return filled.value, filled.shown
        if isinstance(value, list | tuple):
            parts = [self._filled(key, each) for each in value]
            return [made for made, _ in parts], f"[{', '.join(shown for _, shown in parts)}]"
        return value, _text(value)

    def _wrong(self, text: str, key: str | None = None) -> None:
        self._right = False
        path = self._path if key is None else (*self._path, key)
        self._found.mistakes.append(Mistake(self._settings.where(path), self._label, text))

    def _show(self, key: str, value: str, where: str) -> None:
        section = str(self._path[0])
        if len(self._path) > 1:
            name = self._given.get("name")
            section += f".{fill(name, self._variables).shown if isinstance(name, str) else self._path[1]}"
        self._found.lines.append(Line(section, key, value, where))


def label(path: Path, given: Mapping[str, Any]) -> str:
    """How a table is told from others: ``channel[1] "desk"``."""
    name = given.get("name")
    if len(path) == 1:
        return str(path[0])
    return f"{path[0]}[{path[1]}]" + (f' "{name}"' if isinstance(name, str) else "")


def near(given: str, known: Iterable[str], form: str = '"{}"') -> str:
    """ ", did you mean …?", or nothing where none is near."""
    found = difflib.get_close_matches(given.casefold(), list(known), n=1)
    return f", did you mean {form.format(found[0])}?" if found else ""


_EXPECTS: Mapping[type, str] = {
    msgspec.inspect.StrType: "text in quotes",
    msgspec.inspect.BoolType: "true or false",
}


def _unwrapped(type_: Any) -> Iterator[Any]:
    yield type_
    inner = getattr(type_, "types", None) or (getattr(type_, "type", None),)
    for each in inner:
        if isinstance(each, msgspec.inspect.Type):
            yield from _unwrapped(each)


def _extra(type_: Any, key: str) -> str | None:
    extras = (getattr(each, "extra", None) or {} for each in _unwrapped(type_))
    return next((str(each[key]) for each in extras if key in each), None)


def _said(type_: Any) -> str:
    schemas = (getattr(each, "extra_json_schema", None) or {} for each in _unwrapped(type_))
    return next((str(each["description"]) for each in schemas if "description" in each), "")


def _plain(type_: Any) -> type:
    return next((type(each) for each in _unwrapped(type_) if type(each) in _EXPECTS), msgspec.inspect.AnyType)


def _default(field_: Any) -> str:
    value, quantity = field_.default, _extra(field_.type, "quantity")
    if value is None:
        return ""
    if quantity is not None:
        return format_size(value) if quantity == "size" else format_duration(value)
    return _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _written(value: Any, shown: str) -> str:
    """As it is in the file, but for what is secret in it."""
    text = json.dumps(shown, ensure_ascii=False) if isinstance(value, str) else shown
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
