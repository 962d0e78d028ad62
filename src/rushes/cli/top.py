"""``rushes depot top``: what passes through each depot now, and who holds what."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli.options import For, Json, console, print_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Group

    from rushes.depot import ConsumerStats, Depot, DepotStats, LeaseInfo

__all__ = ["top"]

_EVERY_S = 0.5


def top(
    *,
    once: Annotated[
        bool,
        Parameter(
            "--once",
            negative=(),
            show_default=False,
            help="Look once, for half a second, also on a terminal.",
        ),
    ] = False,
    for_: For = None,
    json: Json = False,
) -> int:
    """Show frames a second, consumers and leases of every depot in use.

    On a terminal until Ctrl-C or the end of --for; else, and with --json, once, or over and over with --for.
    """
    from rushes.clock import SYSTEM
    from rushes.limits import parse_duration

    again = not once and (for_ is not None or (sys.stdout.isatty() and not json))
    until_ns = SYSTEM.monotonic_ns() + int(parse_duration(for_, option="--for") * 1e9) if for_ else None
    with _Watch() as watch, _screen(json) as show:
        watch.look()
        while True:
            SYSTEM.sleep(_EVERY_S)
            show(watch.look())
            if not again or (until_ns is not None and SYSTEM.monotonic_ns() >= until_ns):
                return 0


@contextmanager
def _screen(json: bool) -> Iterator[Callable[[list[_Sight]], None]]:
    if json:
        yield lambda seen: print_json([each.plain() for each in seen])
    elif sys.stdout.isatty():
        from rich.live import Live

        with Live(console=console(), auto_refresh=False) as live:
            yield lambda seen: live.update(_picture(seen), refresh=True)
    else:
        yield lambda seen: console().print(_picture(seen))


@dataclass(frozen=True, slots=True)
class _Sight:
    stats: DepotStats
    fps: float
    leases: list[LeaseInfo]

    def plain(self) -> dict[str, Any]:
        stats = self.stats
        return {
            "name": stats.name,
            "fps": round(self.fps, 2),
            "slots": stats.slots,
            "held": stats.held,
            "head": stats.head,
            "offered": stats.offered,
            "stored": stats.stored,
            "dropped": dict(stats.dropped),
            "adds_up": stats.adds_up,
            "consumers": [asdict(each) for each in stats.consumers],
            "leases": [asdict(each) for each in self.leases],
        }


def _by_name(consumer: ConsumerStats) -> str:
    return consumer.name


class _Watch:
    """Joins each depot in use and leaves it when it is the last one there, so that looking keeps nothing
    alive.
    """

    def __init__(self) -> None:
        self._joined: dict[str, Depot] = {}
        self._before: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for depot in self._joined.values():
            depot.close()

    def look(self) -> list[_Sight]:
        from rushes.clock import SYSTEM

        self._join()
        seen = []
        for name, depot in sorted(self._joined.items()):
            stats, now_ns = depot.stats(), SYSTEM.monotonic_ns()
            head, then_ns = self._before.get(name, (stats.head, now_ns))
            self._before[name] = stats.head, now_ns
            fps = (stats.head - head) * 1e9 / (now_ns - then_ns) if now_ns > then_ns else 0.0
            seen.append(_Sight(stats, fps, depot.leases()))
        return seen

    def _join(self) -> None:
        from rushes.depot import Depot, list_depots
        from rushes.errors import DepotError, UnknownName

        used = {each.name for each in list_depots() if set(each.pids) - {os.getpid()}}
        for name in set(self._joined) - used:
            self._joined.pop(name).close()
        for name in used - set(self._joined):
            try:
                self._joined[name] = Depot.attach(name)
            except (DepotError, UnknownName):
                continue  # gone since it was listed, or all its places are taken


def _picture(seen: list[_Sight]) -> Group:
    from rich.console import Group

    parts: list[Any] = []
    for each in seen:
        stats = each.stats
        dropped = sum(stats.dropped.values())
        parts.append(
            f"{stats.name}  fps {each.fps:.1f}  held {stats.held}/{stats.slots}  "
            f"head {stats.head}  dropped {dropped}"
        )
        if stats.consumers:
            rows = [
                (f"  {c.name}", str(c.pid), str(c.seen), str(c.missed), str(c.waiting))
                for c in sorted(stats.consumers, key=_by_name)
            ]
            parts.append(table(("  consumer", "pid", "seen", "missed", "waiting"), rows))
        if each.leases:
            held = [(f"  {c.holder}", str(c.pid), str(c.sequence), f"{c.age_s:.3f} s") for c in each.leases]
            parts.append(table(("  lease of", "pid", "sequence", "held for"), held))
    return Group(*(parts or ["no depots in use"]))
