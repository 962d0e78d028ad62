"""Turns what docstrings say in the words of Python's own tools into what the site's pages show."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

ROLE = re.compile(r":(?:meth|func|class|attr|data|mod|exc):`~?(?:rushes\.)?([^`]+)`")
LITERAL_FOLLOWS = re.compile(r"::$", re.MULTILINE)
ITEM = re.compile(r"(``\w+``(?:, ``\w+``)*)(\s+)(?=\S)")


class PlainWords(Extension):  # type: ignore[misc]  # the library is not there where types are checked
    """``:meth:`next``` becomes ``next`` in code; a line that ends with two colons, as what follows is shown as it is,
    ends with one; arguments that stand in a column become a list.
    """

    def on_instance(self, *, obj: Any, **kwargs: Any) -> None:
        """Called for every object that has been read."""
        if obj.is_alias or obj.docstring is None:
            return
        text = LITERAL_FOLLOWS.sub(":", ROLE.sub(r"`\1`", obj.docstring.value))
        obj.docstring.value = "\n\n".join(_listed(part) for part in re.split(r"\n\s*\n", text))


def _listed(paragraph: str) -> str:
    """The paragraph; from its first line on that sets names apart by more than one space, as a list."""
    lines = paragraph.split("\n")
    columns = [
        number for number, line in enumerate(lines) if (found := ITEM.match(line)) and len(found[2]) > 1
    ]
    if not columns:
        return paragraph
    before = [*lines[: columns[0]], *([""] if columns[0] else [])]
    return "\n".join([*before, *(_item(line) for line in lines[columns[0] :])])


def _item(line: str) -> str:
    found = ITEM.match(line)
    return f"  {line.strip()}" if found is None else f"- {line[: found.end(1)]}: {line[found.end() :]}"
