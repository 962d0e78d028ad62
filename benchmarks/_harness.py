"""What the benchmarks share: claims, rounds, ratios, and the description of the machine they ran on.

Contenders of one claim take turns within one run, and what is judged is mostly a ratio of two of them in
the same round: an absolute time says more about the machine, and about its other load, than about the code.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "depot.json"
FULL_HD = (1080, 1920, 3)
TINY = (16, 16, 3)

THIRD_PARTY = {"iceoryx2": "iceoryx2", "seed": "gh-frames-depot"}


@dataclass(frozen=True)
class Scale:
    """How much of everything is run."""

    repeats: int  # rounds of what is timed in one process
    copies: int  # 1080p copies per round
    calls: int  # calls of a microsecond per round
    rounds: int  # rounds of what needs fresh processes
    wakes: int  # frames per round of a wake test
    frames: int  # 1080p frames delivered per round
    blast_s: float
    deaths: int
    puts: int  # puts over which memory must not grow


FULL = Scale(
    repeats=15, copies=40, calls=5000, rounds=5, wakes=500, frames=40, blast_s=2.0, deaths=10, puts=2000
)
QUICK = Scale(repeats=3, copies=8, calls=500, rounds=1, wakes=40, frames=5, blast_s=0.3, deaths=1, puts=50)


@dataclass
class Claim:
    """One sentence that can be wrong, and what was measured for it."""

    id: str
    title: str
    unit: str
    values: Sequence[float] = ()
    """One per round; the median is judged."""
    target: float | None = None
    at_least: bool = False
    parts: Mapping[str, Sequence[float] | str] = field(default_factory=dict)
    """The contenders' own times in seconds (or whatever the title says), or why one is missing."""
    failed: bool = False
    """Our side broke off: missed, whatever else was measured."""

    @property
    def measured(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def holds(self) -> bool | None:
        """None when there is no target or nothing was measured."""
        if self.failed:
            return False
        if self.target is None or self.measured is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def as_record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "unit": self.unit,
            "target": self.target,
            "at_least": self.at_least,
            "measured": self.measured,
            "spread": spread(self.values),
            "holds": self.holds,
            "parts": {k: v if isinstance(v, str) else summary(v) for k, v in self.parts.items()},
        }


def spread(values: Sequence[float]) -> list[float] | None:
    return [min(values), max(values)] if values else None


def summary(values: Sequence[float]) -> dict[str, Any]:
    return {"median": statistics.median(values), "spread": spread(values), "rounds": len(values)}


def per_call(fn: Callable[[], Any], calls: int) -> float:
    """Seconds per call, the loop's own few nanoseconds included."""
    turns = range(calls)
    start = time.perf_counter()
    for _ in turns:
        fn()
    return (time.perf_counter() - start) / calls


def take_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Each contender once per round; who goes first changes, so that nobody always finds the cache warm."""
    names = list(contenders)
    out: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            out[name].append(contenders[name]())
    return out


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round, so that a slow minute slows both sides of each ratio."""
    return [a / b for a, b in zip(over, under, strict=True)]


def installed(wanted: Sequence[str]) -> dict[str, str | None]:
    """Version of each third-party contender, None when it is not installed or not wanted."""
    out: dict[str, str | None] = dict.fromkeys(THIRD_PARTY)
    for name in wanted:
        try:
            out[name] = importlib.metadata.version(THIRD_PARTY[name])
        except importlib.metadata.PackageNotFoundError:
            continue
    return out


def machine() -> dict[str, Any]:
    """What a reader needs to weigh the figures; neither the machine's name nor any path."""
    from rushes import native_status

    try:
        info = Path("/proc/cpuinfo").read_text()
        lines = (line.partition(":") for line in info.splitlines())
        model = next((value.strip() for key, _, value in lines if key.startswith("model name")), "")
    except OSError:
        model = ""
    return {
        "cpu": model or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "rushes": importlib.metadata.version("rushes"),
        "core": native_status(),
    }


def save(record: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    fresh.replace(path)
