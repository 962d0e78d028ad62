"""What the claims about streams share: the contenders, rounds of them, and claims made of what they came to."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks._harness import Claim, ratios
from benchmarks._stream_run import Broken, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OURS, NEAR, BARE = "rushes", "rushes, one machine", "bare pyzmq"
SEED, IMAGES, ASKED, GEAR = "pystreaming", "imagezmq", "imagezmq, requests", "NetGear"
PACKAGES = ("pyzmq", "pystreaming", "imagezmq", "vidgear")


class Contender(NamedTuple):
    """The module in ``peers``, its way, and the package it needs."""

    peer: str
    way: str
    package: str = ""


@dataclass(frozen=True)
class Scale:
    """How much of everything is run."""

    rounds: int
    seconds: float
    rates: tuple[int, ...]
    height: int
    width: int
    payload: tuple[int, int]
    stopped_s: float
    slow_s: float
    short: bool = False


FULL = Scale(3, 8.0, (30, 60, 120), 1080, 1920, (500, 1000), 4.0, 8.0)
QUICK = Scale(1, 0.25, (60,), 360, 640, (100, 1000), 0.3, 1.0, short=True)


@dataclass
class Table:
    """Of each contender one run for each round, or why it has none."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def values(self, name: str, read: Callable[[Run], float]) -> list[float]:
        """One for each round; none, and the reason in ``failed``, when there is nothing to read."""
        try:
            return [read(run) for run in self.runs.get(name, ())]
        except Broken as error:
            self.failed[name] = f"failed: {error}"
            return []


def installed(wanted: bool) -> dict[str, str]:
    """Version of each package other people wrote, or why it takes no part."""
    out = {}
    for package in PACKAGES:
        try:
            out[package] = importlib.metadata.version(package)
            if package == "pystreaming":  # it codes with a library of the system
                turbo: Any = importlib.import_module("turbojpeg")
                turbo.TurboJPEG()
        except importlib.metadata.PackageNotFoundError:
            out[package] = "not installed"
        except (ImportError, RuntimeError, OSError) as error:
            out[package] = f"not usable: {str(error).splitlines()[0]}"
    return out if wanted else dict.fromkeys(PACKAGES, "left out")


def taking_part(there: Mapping[str, str], contenders: Mapping[str, Contender]) -> dict[str, Contender]:
    return {
        name: each
        for name, each in contenders.items()
        if not each.package or there[each.package][:1].isdigit()
    }


def take_turns(
    contenders: Mapping[str, Contender], rounds: int, once: Callable[[Contender], Run], *, told: str
) -> Table:
    """Each contender once a round, another one first each time. One that breaks off is left out from then on."""
    table = Table({name: [] for name in contenders})
    names = list(contenders)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            if name in table.failed:
                continue
            print(f"{told}, round {turn + 1}: {name} …", file=sys.stderr, flush=True)
            try:
                table.runs[name].append(once(contenders[name]))
            except (Broken, OSError, ValueError) as error:
                table.failed[name] = f"failed: {error}"
                table.runs[name] = []
                print(f"{name} {table.failed[name]}", file=sys.stderr, flush=True)
    return table


def shown(
    id_: str,
    title: str,
    unit: str,
    table: Table,
    read: Callable[[Run], float],
    *,
    target: float | None = None,
    at_least: bool = False,
    scale: float = 1.0,
    ours: str = OURS,
) -> Claim:
    """Our own figure, times ``scale`` in the unit; beside it what each contender came to."""
    found = {name: table.values(name, read) for name in table.runs}
    parts: dict[str, Any] = {name: values or table.failed[name] for name, values in found.items()}
    values = [scale * value for value in found[ours]]
    return Claim(id_, title, unit, values, target, at_least, parts, failed=ours in table.failed)


def ratio(
    id_: str,
    title: str,
    table: Table,
    read: Callable[[Run], float],
    against: Sequence[str],
    target: float | None = None,
    *,
    at_least: bool = False,
    ours: str = OURS,
) -> Claim:
    """Ours over the best of the others, round by round."""
    theirs = [values for name in against if (values := table.values(name, read))]
    mine = table.values(ours, read)
    best = max if at_least else min
    values = ratios(mine, [best(each) for each in zip(*theirs, strict=True)]) if theirs and mine else []
    return Claim(id_, title, "×", values, target, at_least, failed=ours in table.failed)
