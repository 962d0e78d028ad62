"""docs/reference/cli.md, made of the command line itself.

``python -m tests.support.cli_reference`` writes it anew.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin

from cyclopts import App

from rushes.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
BEGIN, END = "<!-- verbs: made by tests/support/cli_reference.py -->", "<!-- end of verbs -->"
_KINDS = {str: "text", int: "whole number", float: "number", bool: "", Path: "path"}


class Option(NamedTuple):
    """One option or argument of a verb, as it is told."""

    names: tuple[str, ...]
    kind: str
    default: str
    about: str
    positional: bool
    required: bool


class Verb(NamedTuple):
    """One verb: its words, the paragraphs of its help, its arguments and options."""

    words: str
    help: str
    options: tuple[Option, ...]


def verbs(of: App = app, words: tuple[str, ...] = ()) -> Iterator[Verb]:
    """Every verb that does something, in the order of the help."""
    for name in of:
        if name.startswith("-"):
            continue
        found = of[name]
        if found.default_command is not None:
            said = " ".join((*words, name))
            yield Verb(said, inspect.cleandoc(found.help), tuple(_options(found)))
        yield from verbs(found, (*words, name))


def page() -> str:
    """All that stands between the marks."""
    parts = list[str]()
    for verb in verbs():
        arguments = [
            each.names[0] if each.required else f"[{each.names[0]}]"
            for each in verb.options
            if each.positional
        ]
        usage = " ".join(["rushes", verb.words, *arguments, "[options]"])
        parts += [f"## rushes {verb.words}", "", f"`{usage}`", "", *_paragraphs(verb.help)]
        parts += ["| | value | if absent | |", "|---|---|---|---|"]
        parts += [_row(each) for each in verb.options]
        parts.append("")
    return "\n".join(parts)


def write() -> None:
    """Puts it into the page, between its marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{page()}\n{END}{after}", encoding="utf-8")


def _options(found: App) -> Iterator[Option]:
    for each in found.assemble_argument_collection():
        field, parameter = each.field_info, each.parameter
        positional = field.kind is not field.KEYWORD_ONLY
        names = (each.names[0].lstrip("-").upper(),) if positional else tuple(each.names)
        about = parameter.help or ""
        needed = field.default is inspect.Parameter.empty
        flag = each.hint is bool or bool in get_args(each.hint)
        default = "" if needed or field.default is None or flag else f"`{field.default}`"
        yield Option(
            names, _kind(each.hint), "must be given" if needed else default, about, positional, needed
        )


def _kind(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return next(_kind(each) for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is list:
        return f"{_kind(get_args(hint)[0])}, several"
    return _KINDS[hint]


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in (" ".join(part.split()), "")]


def _row(option: Option) -> str:
    names = ", ".join(f"`{each}`" for each in option.names)
    about = option.about.rstrip(".").replace("|", "\\|")
    return f"| {names} | {option.kind} | {option.default} | {about} |"


if __name__ == "__main__":
    write()
