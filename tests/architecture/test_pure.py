"""Modules that call themselves pure, by "(pure)" in their docstring's first line, decide and never act."""

from __future__ import annotations

import ast

from tests.architecture.source import Module, report, shipped
from tests.architecture.test_habits import imported

FORBIDDEN = {"asyncio", "concurrent", "multiprocessing", "selectors", "signal", "socket", "sqlite3"}
FORBIDDEN |= {"subprocess", "threading", "time"}
CLOCK_CALLS = {"now", "utcnow", "today"}


def pure_modules() -> list[Module]:
    return [each for each in shipped() if "(pure)" in (ast.get_docstring(each.tree) or "").partition("\n")[0]]


def test_pure_modules_touch_no_clock_thread_process_socket_or_database() -> None:
    report(
        [
            f"{module.at(node)}: imports {', '.join(sorted(found))}"
            for module in pure_modules()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            and (found := imported(node) & FORBIDDEN or own_clock(node))
        ]
    )


def test_pure_modules_never_ask_for_the_present() -> None:
    report(
        [
            f"{module.at(node)}: take the time as an argument"
            for module in pure_modules()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCK_CALLS
        ]
    )


def own_clock(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The project's own clock, however it is imported."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names if alias.name == "rushes.clock"}
    from_root = node.module == "rushes" and any(alias.name == "clock" for alias in node.names)
    return {"rushes.clock"} if from_root or node.module == "rushes.clock" else set()
