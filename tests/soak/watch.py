"""Looking at a station while it is harmed: does its account add up, and how much does it hold?"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.soak.harms import named

if TYPE_CHECKING:
    from tests.soak.site import Site

_EVERY_S = 1.0
# What the allocator may waste, and what a cache is filled up to after the first quarter of the time.
_SLACK_BYTES, _SLACK = 12 << 20, 0.15


@dataclass
class Seen:
    """What was seen of a station: own memory by process name over time, bytes on disk and in depots, and accounts."""

    memory: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    disk_bytes: int = 0
    depot_bytes: int = 0
    accounts: int = 0
    wrong: list[str] = field(default_factory=list)

    def growth(self, over_s: float) -> list[str]:
        """Whose memory grew from the second quarter of the time to the last by more than an allocator's waste."""
        return [
            f"{name}: {before >> 20} MiB, then {after >> 20} MiB"
            for name, before, after in self.quarters(over_s)
            if after > before * (1 + _SLACK) + _SLACK_BYTES
        ]

    def quarters(self, over_s: float) -> list[tuple[str, int, int]]:
        """(name, bytes in the second quarter, bytes in the last) of each that was seen in both."""
        found = []
        for name, samples in sorted(self.memory.items()):
            second = [held for at, held in samples if over_s / 4 <= at < over_s / 2]
            last = [held for at, held in samples if at >= over_s * 3 / 4]
            if second and last:
                found.append((name, round(statistics.median(second)), round(statistics.median(last))))
        return found

    def by_minute(self) -> dict[str, list[float | None]]:
        """MiB of each name by minutes from the beginning, the median of a minute's looks; None when it was not seen."""
        found: dict[str, list[float | None]] = {}
        for name, samples in sorted(self.memory.items()):
            minutes: dict[int, list[int]] = defaultdict(list)
            for at, held in samples:
                minutes[int(at // 60)].append(held)
            found[name] = [
                round(statistics.median(minutes[at]) / 2**20, 1) if at in minutes else None
                for at in range(max(minutes) + 1)
            ]
        return found


class Watch:
    """Looks once a second, on a thread of its own, from the beginning of its block to the end."""

    def __init__(self, site: Site) -> None:
        self._site, self.seen = site, Seen()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> Seen:
        self._thread.start()
        return self.seen

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._hold()
            self._account()

    def _hold(self) -> None:
        now = time.monotonic() - self._site.began
        for pid in [self._site.station.pid, *self._site.family()]:
            held = _own_bytes(pid)
            if held:
                name = "station" if pid == self._site.station.pid else named(pid)
                self.seen.memory[name].append((now, held))
        self.seen.disk_bytes = max(self.seen.disk_bytes, size_of(self._site.data / "segments"))
        self.seen.depot_bytes = max(self.seen.depot_bytes, size_of(self._site.depots))

    def _account(self) -> None:
        text = self._site.get("/metrics")
        if text is None:
            return
        sums: dict[str, float] = defaultdict(float)
        signs = {"rushes_edge_offered_total": 1, "rushes_edge_delivered_total": -1}
        signs |= {"rushes_edge_dropped_total": -1, "rushes_edge_waiting": -1}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in signs:
                    sums[sample.labels["edge"]] += signs[sample.name] * sample.value
        self.seen.accounts += 1
        self.seen.wrong += [f"{edge}: {off:+.0f}" for edge, off in sums.items() if off]


def size_of(folder: Path) -> int:
    """Bytes of all files in it, whoever removes some meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _own_bytes(pid: int) -> int:
    """Memory that is nobody else's: shared depots are counted by their files."""
    with contextlib.suppress(OSError, StopIteration), open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("RssAnon"))
    return 0
