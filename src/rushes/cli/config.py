"""``rushes config``: write, check and describe the file that a station runs by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from rushes.cli.options import Json, console, print_json, table

__all__ = ["Sets", "config"]

config = App(
    name="config", help_format="markdown", help="Write, check and describe the file that a station runs by."
)

Sets = Annotated[
    list[str] | None,
    Parameter(
        "--set",
        negative=(),
        help='A setting before what the file says: "budget.memory=1 GiB", "channel.front.fps=10"; may be repeated.',
    ),
]
_File = Annotated[Path, Parameter(help="The file of the configuration.")]
_USAGE = 2


@config.command
def init(file: _File = Path("station.toml"), /, *, json: Json = False) -> int:
    """Write a configuration that runs, with all that can be set in its comments. Never over a file that is there."""
    from rushes.errors import ConfigError
    from rushes.station.config_template import TEMPLATE

    try:
        with file.open("x", encoding="utf-8") as made:
            made.write(TEMPLATE)
    except FileExistsError:
        raise ConfigError(
            f"{file} is there already: name another file, or check this one: rushes config check {file}",
            where=str(file),
        ) from None
    if json:
        print_json({"written": str(file)})
    else:
        print(f"wrote {file}; run it with: rushes up {file}")
    return 0


@config.command
def check(file: _File = Path("station.toml"), /, *, set_: Sets = None, json: Json = False) -> int:
    """Check a configuration: every mistake with its line, or all settings with where each comes from.

    Also what "rushes up" would refuse here: a page that is open to other machines, and no token yet.
    """
    from rushes.station.config import read
    from rushes.station.planning import lacking_token

    found = read(file, sets=set_ or ())
    lacking = lacking_token(found)
    mistakes = [*found.mistakes, *([] if lacking is None else [lacking])]
    right = not mistakes
    if json:
        print_json(
            {
                "ok": right,
                "mistakes": [{**each._asdict(), "message": str(each)} for each in mistakes],
                "warnings": [{**each._asdict(), "message": str(each)} for each in found.warnings],
                "settings": [each._asdict() for each in found.lines],
            }
        )
        return 0 if right else _USAGE
    for each in mistakes:
        print(f"error: {each}", file=sys.stderr)
    for each in found.warnings:
        print(f"warning: {each}", file=sys.stderr)
    if right:
        rows = [(each.section, each.key, each.value, each.where) for each in found.lines if each.value]
        console().print(table(("table", "key", "value", "where"), rows))
        print(f"{file} is right")
    return 0 if right else _USAGE


@config.command
def schema(*, json: Json = False) -> int:
    """Print the JSON Schema of the file, by which editors complete and check it."""
    from rushes.station.config_tables import schema as made

    print_json(made())
    return 0
