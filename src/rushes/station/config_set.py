"""Settings from elsewhere than the file: ``--set channel.front.fps=10`` and the options that mean the same (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.station.config_check import Mistake, near
from rushes.station.config_text import parse_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.station.config_text import Settings

__all__ = ["Override", "apply", "parse_set"]

_ROWS = ("channel", "work")
_WRITTEN = re.compile(r"([^=]+?)\s*=\s*(.*)", re.DOTALL)
# Whatever their values look like.
_TEXTS = frozenset(
    {"name", "channel", "data", "keys", "source", "template", "folder", "track", "cold", "url", "bind"}
)
_INDEX = re.compile(r"\[?([0-9]+)\]?")
_HOW = 'write it like "budget.memory=1 GiB", "channel.front.fps=10" or "channel[0].fps=10"'


class Override(NamedTuple):
    """One setting that goes before what the file says; ``row`` the name or number of a channel or work, "*" for each.

    ``where``: which option it came by.
    """

    table: str
    row: str
    key: str
    value: Any
    where: str = "--set"


def parse_set(text: str) -> Override | Mistake:
    """An assignment from the command line."""
    found = _WRITTEN.fullmatch(text.strip())
    table, row, key = _split(found[1]) if found else ("", "", "")
    if found is None or not table or not key or bool(row) != (table in _ROWS):
        # Only what stands before "=": what comes after it may be a password.
        return Mistake("--set", "", f"{text.partition('=')[0]!r} is no setting: {_HOW}")
    return Override(table, row, key, _value(key, found[2]))


def apply(settings: Settings, overrides: Iterable[Override]) -> list[Mistake]:
    """Puts them in; what cannot be put anywhere is a mistake."""
    mistakes = []
    for each in overrides:
        if each.table not in _ROWS:
            table = settings.data.setdefault(each.table, {})
            if isinstance(table, dict):
                table[each.key] = each.value
                settings.places[(each.table, each.key)] = each.where
            continue
        rows = settings.data.get(each.table, [])
        chosen = [
            index for index, row in enumerate(rows) if isinstance(row, dict) and _is(each.row, index, row)
        ]
        if not chosen and each.row != "*":
            names = [str(row.get("name")) for row in rows if isinstance(row, dict)]
            known = f"; there are {', '.join(names)}" if names else f"; there is no {each.table}"
            text = f"no {each.table} {each.row!r}{near(each.row, names) or known}"
            mistakes.append(Mistake(each.where, "", text))
        for index in chosen:
            rows[index][each.key] = each.value
            settings.places[(each.table, index, each.key)] = each.where
    return mistakes


def _split(path: str) -> tuple[str, str, str]:
    """Table, row and key; a row's name may have dots of its own."""
    table, _, rest = path.strip().partition(".")
    bare, bracket, index = table.partition("[")
    if bracket:
        return bare, f"[{index}", rest
    row, _, key = rest.rpartition(".")
    return table, row, key


def _value(key: str, text: str) -> Any:
    """The text itself where text is wanted: a station may be called 12."""
    value = parse_value(text)
    return text if isinstance(value, bool | int | float) and key in _TEXTS else value


def _is(wanted: str, index: int, row: dict[str, Any]) -> bool:
    number = _INDEX.fullmatch(wanted)
    named = bool(row.get("name") == wanted)
    return (
        wanted == "*" or named or (number is not None and wanted.startswith("[") and int(number[1]) == index)
    )
