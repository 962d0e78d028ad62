"""``rushes token``: who may look at a station that others can reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from rushes.cli.options import ARCHIVE, Json, console, print_json, table

if TYPE_CHECKING:
    from rushes.station.tokens import Tokens

__all__ = ["token"]

token = App(
    name="token",
    help_format="markdown",
    help="Tokens by which people and programs are let into a station's page and interface.",
)

Data = Annotated[str, Parameter("--data", help="The station's folder.")]
TokenName = Annotated[str, Parameter(help="Who it is for, so that you can tell it from others.")]


@token.command
def add(name: TokenName, /, *, data: Data = ARCHIVE, json: Json = False) -> int:
    """Make a token and print it: this once, as only its hash is kept."""
    made = _tokens(data).add(name)
    if json:
        print_json({"name": name, "token": made})
    else:
        print(made)
    return 0


@token.command
def ls(*, data: Data = ARCHIVE, json: Json = False) -> int:
    """List the tokens by their first letters, and when each was last used."""
    from rushes.cli.times import local

    tokens = _tokens(data)
    used = tokens.used()
    if json:
        rows = [
            {"name": each.name, "created": each.created, "last_used": used.get(each.name), "hint": each.hint}
            for each in tokens.list()
        ]
        print_json(rows)
        return 0

    def told(seconds: float | None) -> str:
        return "never" if seconds is None else local(round(seconds * 1e9))

    lines = [
        (each.name, f"{each.hint}…", told(each.created), told(used.get(each.name))) for each in tokens.list()
    ]
    console().print(table(("name", "token", "made", "last used"), lines))
    return 0


@token.command
def rm(name: TokenName, /, *, data: Data = ARCHIVE, json: Json = False) -> int:
    """Take a token back: it lets nobody in any more, from the next request on."""
    _tokens(data).remove(name)
    if json:
        print_json({"removed": name})
    return 0


def _tokens(data: str) -> Tokens:
    from rushes.station.tokens import Tokens

    return Tokens(Path(data))
