"""The reference is complete: it names what exists and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from rushes import errors

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<whose>[^|]*\w[^|]*) \| (?P<remedy>[^|]*\w[^|]*) \|")


def test_every_error_has_a_row_that_says_whose_mistake_it_is_and_what_to_do() -> None:
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    listed = [match["name"] for line in text.splitlines() if (match := ROW.fullmatch(line))]
    existing = [name for name in errors.__all__ if inspect.isclass(getattr(errors, name))]
    assert sorted(listed) == sorted(existing)
