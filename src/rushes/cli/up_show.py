"""What ``rushes up`` shows while it runs: one live line, what happens, and the account at the end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rushes.cli.options import console, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rushes.station import Plan, RunReport, Status

__all__ = ["display", "print_closing", "print_opening"]

_LINE_EVERY_S = 2.0  # where lines pile up instead of being replaced


@contextmanager
def display(*, quiet: bool, hint: str = "") -> Iterator[Callable[[Status], None]]:
    """Gives what shows a status: a line replaced in a terminal, lines now and then elsewhere, nothing if ``quiet``."""
    from rushes.station.liveline import status_lines

    if quiet:
        yield lambda status: None
    elif sys.stdout.isatty():
        from rich.live import Live
        from rich.text import Text

        with Live(console=console(), auto_refresh=False) as live:

            def replace(status: Status) -> None:
                for each in status.news:
                    live.console.print(each, soft_wrap=True)
                *lines, last = status_lines(status)
                live.update(Text("\n".join([*lines, f"{last}{hint}"])), refresh=True)

            yield replace
    else:
        yield _lines(status_lines)


def _lines(text: Callable[[Status], list[str]]) -> Callable[[Status], None]:
    passed = [0.0]

    def add(status: Status) -> None:
        for each in status.news:
            print(each, flush=True)
        if status.running_s - passed[0] >= _LINE_EVERY_S:
            passed[0] = status.running_s
            print("\n".join(text(status)), flush=True)

    return add


def print_opening(plan: Plan) -> None:
    """What runs here, and within which bounds."""
    import rushes
    from rushes.depot.segment import folder
    from rushes.limits import available_shm_bytes
    from rushes.station.liveline import opening_line

    free = available_shm_bytes(folder())
    disk = None if plan.archive is None else plan.archive.max_bytes
    line = opening_line(str(rushes.__version__), rushes.native_status(), free, plan.memory_bytes, disk)
    print(line, flush=True)


def print_closing(report: RunReport) -> None:
    """The ledger, and what there is to say below it."""
    from rushes.metrics import ledger_table
    from rushes.station.liveline import closing_lines

    headings, *rows = ledger_table(report.edges)
    screen = console()
    screen.print(table(headings, rows))
    for line in closing_lines(report):
        screen.print(line, soft_wrap=True)
    for problem in report.problems:
        print(f"error: {problem}", file=sys.stderr)
