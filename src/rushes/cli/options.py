"""What several verbs have in common: their options, and how they print."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.table import Table

__all__ = [
    "ARCHIVE",
    "ArchiveFolder",
    "For",
    "Json",
    "Name",
    "Sources",
    "console",
    "print_json",
    "table",
]

ARCHIVE = "rushes-data"
"""The folder of recordings, where none is named."""

Json = Annotated[
    bool,
    Parameter("--json", negative=(), show_default=False, help="Print one JSON document instead of text."),
]


def _some(_kind: object, given: list[str] | None) -> None:
    if given == []:  # the name of the option, and nothing after it
        raise ValueError("write an address after it")


For = Annotated[str | None, Parameter("--for", help='End after this long: "10s", "5min".')]
Sources = Annotated[
    list[str] | None,
    Parameter(
        "--source",
        negative=(),
        consume_multiple=True,
        validator=_some,
        help='Where frames come from: "screen:", "testcard:1280x720@30", "file:PATH", "rtsp://…", "http://…", '
        '"v4l2:/dev/video0", "depot:NAME"; NAME=ADDRESS gives it a name.',
    ),
]
Name = Annotated[str | None, Parameter("--name", help="What the station is called.")]
ArchiveFolder = Annotated[str, Parameter("--archive", help="The folder of the recordings.")]

_PIPED_WIDTH = 160


def console() -> Console:
    """Where text goes: standard output; without colour, and wide enough for any table, when that is no
    terminal.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """A table; columns of figures stand to the right."""
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(row) for row in rows]
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        figures = bool(rows) and all(row[index][:1].isdigit() for row in rows)
        made.add_column(heading, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2), flush=True)
