"""The tables of docs/reference/config.md, made of the structs that the file of a station is read by.

``python -m tests.support.config_reference`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec

from rushes.limits import format_duration, format_size
from rushes.station.config_tables import Config

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"
BEGIN, END = "<!-- tables: made by tests/support/config_reference.py -->", "<!-- end of tables -->"
ROWS = ("channel", "work")
KINDS = {"StrType": "text", "BoolType": "true or false"}


def tables() -> str:
    """A heading and a table for each table of the file, in its order."""
    parts = []
    for each in msgspec.structs.fields(Config):
        struct = get_args(each.type)[0] if each.name in ROWS else each.type
        heading = f"[[{each.name}]]" if each.name in ROWS else f"[{each.name}]"
        parts += [
            f"## {heading}",
            "",
            _about(struct),
            "",
            "| key | value | if absent | |",
            "|---|---|---|---|",
        ]
        parts += [_row(field) for field in _fields(struct)]
        parts.append("")
    return "\n".join(parts)


def keys() -> list[str]:
    """Every key as "table.key"."""
    return [
        f"{each.name}.{field.name}"
        for each in msgspec.structs.fields(Config)
        for field in msgspec.structs.fields(get_args(each.type)[0] if each.name in ROWS else each.type)
    ]


def write() -> None:
    """Puts them into the page, between their marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables()}\n{END}{after}", encoding="utf-8")


def _about(struct: Any) -> str:
    text = (struct.__doc__ or "").partition(": ")[2]
    return text[:1].upper() + text[1:]


def _fields(struct: Any) -> Any:
    return msgspec.inspect.type_info(struct).fields  # type: ignore[attr-defined]  # of a struct's type


def _row(field: Any) -> str:
    told: dict[str, Any] = {}
    for each in _layers(field.type):
        told = {
            **(getattr(each, "extra", None) or {}),
            **(getattr(each, "extra_json_schema", None) or {}),
            **told,
        }
    expects = told.get("expects") or next(
        KINDS[type(each).__name__] for each in _layers(field.type) if type(each).__name__ in KINDS
    )
    cells = [
        f"`{field.name}`",
        _cell(expects),
        _default(field, told.get("quantity")),
        _cell(told["description"]),
    ]
    return f"| {' | '.join(cells)} |"


def _default(field: Any, quantity: str | None) -> str:
    if field.required:
        return "must be given"
    if field.default is None:
        return ""
    if quantity is not None:
        return f"`{(format_size if quantity == 'size' else format_duration)(field.default)}`"
    return f"`{field.default if isinstance(field.default, str) else msgspec.json.encode(field.default).decode()}`"


def _cell(text: str) -> str:
    return text.rstrip(".").replace("|", "\\|")


def _layers(type_: Any) -> Any:
    yield type_
    for each in getattr(type_, "types", None) or (getattr(type_, "type", None),):
        if isinstance(each, msgspec.inspect.Type):
            yield from _layers(each)


if __name__ == "__main__":
    write()
