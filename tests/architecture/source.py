"""The project's own files, read once, for the tests that hold its rules."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @property
    def where(self) -> str:
        """The path from the root of the checkout, as messages name it."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse("\n".join(self.lines), filename=self.where)

    def at(self, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
        return f"{self.where}:{node.lineno}"


@cache
def shipped() -> tuple[Module, ...]:
    """Every module under src."""
    return tuple(Module(path) for path in sorted(SRC.rglob("*.py")))


def written(*patterns: str) -> list[Path]:
    """Files that people wrote, by patterns from the root of the checkout."""
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


def report(problems: list[str]) -> None:
    """Fails with one problem a line: all of them, so that one run is enough to mend them."""
    if problems:
        raise AssertionError("\n  ".join(["", *problems]))
