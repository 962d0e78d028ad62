"""``rushes depot top``: what passes through each depot now, and who holds what."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli.options import For, Json, console, print_json, table

if TYPE_CHECKING:
    from rich.console import Group

    from rushes.depot import ConsumerStats, Depot, DepotStats, LeaseInfo

__all__ = ["top"]

_EVERY_S = 0.5


def top(
    *,
    once: Annotated[bool, Parameter("--once", negative=(), help="Look once, for half a second.")] = False,
    for_: For = None,
    json: Json = False,
) -> int:
    """Show frames a second, consumers and leases of every depot in use, until Ctrl-C. --json looks once."""
    from rushes.clock import SYSTEM
    from rushes.limits import parse_duration

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    until_ns = None if duration_s is None else SYSTEM.monotonic_ns() + int(duration_s * 1e9)
    with ExitStack() as stack:
        watch = stack.enter_context(_Watch())
        watch.look()
        SYSTEM.sleep(_EVERY_S)
        if json or once or not sys.stdout.isatty():
            seen = watch.look()
            if json:
                print_json([each.plain() for each in seen])
            else:
                console().print(_picture(seen))
            return 0
        from rich.live import Live

        live = stack.enter_context(Live(console=console(), auto_refresh=False, screen=False))
        while until_ns is None or SYSTEM.monotonic_ns() < until_ns:
            live.update(_picture(watch.look()), refresh=True)
            SYSTEM.sleep(_EVERY_S)
    return 0


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
