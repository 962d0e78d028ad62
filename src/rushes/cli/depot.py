"""``rushes depot``: the depots of this user, their traffic, and the removal of abandoned ones."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from rushes.cli.options import Json, console, print_json, table
from rushes.cli.top import top

if TYPE_CHECKING:
    from rushes.depot import DepotInfo

__all__ = ["depot"]

depot = App(name="depot", help_format="markdown", help="Look at depots in shared memory and tidy them up.")
depot.command(top)


@depot.command(name="ls")
def list_all(*, json: Json = False) -> int:
    """List the depots of this user, without joining any."""
    from rushes.depot import list_depots
    from rushes.limits import format_size

    found = list_depots()
    if json:
        print_json([{**asdict(each), "alive": each.alive, "state": _state(each)} for each in found])
        return 0
    if not found:
        print("no depots")
        return 0
    rows = [
        (
            each.name,
            str(each.slots),
            str(each.held),
            format_size(each.size_bytes),
            _pids(each.writers),
            _pids(tuple(pid for pid in each.pids if pid not in each.writers)),
            str(each.head),
            each.when_full,
            _state(each),
        )
        for each in found
    ]
    console().print(
        table(("name", "slots", "held", "size", "writers", "readers", "head", "when full", "state"), rows)
    )
    return 0


@depot.command
def sweep(
    *,
    dry_run: Annotated[
        bool, Parameter("--dry-run", negative=(), show_default=False, help="Only tell what would go.")
    ] = False,
    json: Json = False,
) -> int:
    """Remove depots that no process uses any more; persistent ones are kept."""
    from rushes.depot import sweep as remove

    names = remove(dry_run=dry_run)
    if json:
        print_json({"removed": [] if dry_run else names, "stale": names})
        return 0
    for name in names:
        print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not names:
        print("nothing to remove")
    return 0


def _pids(pids: tuple[int, ...]) -> str:
    return " ".join(str(pid) for pid in pids) or "-"


def _state(info: DepotInfo) -> str:
    if info.trouble:
        return f"unusable: {info.trouble}"
    if info.alive:
        return "alive"
    return "kept" if info.persistent else "stale"
