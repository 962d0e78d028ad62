"""Files and functions stay short enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.source import ROOT, report, shipped, written

FILE_LINES = 300
FUNCTION_LINES = 50

LONG_FILES = {
    "src/rushes/errors.py": "the whole tree of errors is one file, so that it can be drawn and read as one",
}


def test_files_are_at_most_300_lines() -> None:
    python = [f"{folder}/**/*.py" for folder in ("src", "tests", "benchmarks", "examples", "native")]
    lengths = {str(path.relative_to(ROOT)): lines_of(path) for path in written(*python, "native/**/*.[ch]pp")}
    long = {name: lines for name, lines in lengths.items() if lines > FILE_LINES}
    report([f"{name}: {lines} lines" for name, lines in long.items() if name not in LONG_FILES])


def test_the_list_of_long_files_holds_no_short_ones() -> None:
    report([f"{name} needs no exception" for name in LONG_FILES if lines_of(ROOT / name) <= FILE_LINES])


def test_functions_are_at_most_50_lines() -> None:
    report(
        [
            f"{module.at(node)}: {node.name} has {length} lines"
            for module in shipped()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (length := body_lines(node)) > FUNCTION_LINES
        ]
    )


def lines_of(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, docstring left out: explaining a function never makes it too long."""
    first = node.body[0]
    docstring = span(first) if ast.get_docstring(node) is not None else 0
    return span(node) - docstring


def span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
