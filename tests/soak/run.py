"""One soak from its beginning to its verdict."""

from __future__ import annotations

import datetime
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._harness import machine
from tests.soak.harms import Done, Harms
from tests.soak.site import Site, site
from tests.soak.verdict import Finding, judge
from tests.soak.watch import Watch

_WELL_S, _HEAL_S, _SETTLE_S = 60.0, 30.0, 8.0


@dataclass
class Report:
    """What was done, how long each took to heal, and what was found in the end."""

    seconds: float
    seed: int
    harms: Counter[str] = field(default_factory=Counter)
    healed: list[tuple[Done, float]] = field(default_factory=list)
    memory: dict[str, list[float | None]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Everything that does not hold; empty when the promises do."""
        return [f"{each.what}: {line}" for each in self.findings for line in each.wrong]

    def as_record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "when": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": machine(),
            "seconds": self.seconds,
            "seed": self.seed,
            "harms": dict(self.harms),
            "healed": [
                {
                    "kind": kind,
                    "whom": whom,
                    "times": len(times),
                    "median_s": round(statistics.median(times), 2),
                    "worst_s": round(max(times), 2),
                }
                for (kind, whom), times in sorted(self._by_harm().items())
            ],
            "memory_mib": self.memory,
            "findings": [
                {"what": each.what, "told": each.told, "wrong": each.wrong} for each in self.findings
            ],
        }

    def table(self) -> str:
        """For people."""
        harms = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.harms.items()))
        worst = max((long_s for _, long_s in self.healed), default=0.0)
        lines = [
            f"{self.seconds:.0f} s, seed {self.seed}: {harms}; well again within {worst:.1f} s each time"
        ]
        for each in self.findings:
            lines.append(f"{'WRONG' if each.wrong else 'holds':6} {each.what}: {each.told}")
            lines += [f"       {line}" for line in each.wrong[:20]]
        return "\n".join(lines)

    def _by_harm(self) -> dict[tuple[str, str], list[float]]:
        found: dict[tuple[str, str], list[float]] = {}
        for done, long_s in self.healed:
            found.setdefault((done.kind, done.whom if done.kind == "kill" else ""), []).append(long_s)
        return found


def soak(
    seconds: float, seed: int, *, keep: Path | None = None, say: Callable[[str], object] = lambda _: None
) -> Report:
    """Harms a station for ``seconds``, one thing after another, each when it is well again, and judges it."""
    report = Report(seconds, seed)
    with site(keep) as made:
        if made.wait_well(_WELL_S) is None:
            report.findings.append(
                Finding("start", "", (f"not well within {_WELL_S:.0f} s: {made.log()[-2000:]}",))
            )
            return report
        made.receive()
        harms, until = Harms(made, seed), time.monotonic() + seconds
        began = time.monotonic()
        with Watch(made) as seen:
            while time.monotonic() < until:
                done = harms.next()
                if done is None:
                    continue
                healed = made.wait_well(_HEAL_S)
                if healed is None:
                    report.findings.append(_unwell(made, str(done)))
                    break
                report.healed.append((done, healed))
                say(f"{time.monotonic() - began:7.1f} s  {done}: well after {healed:.2f} s")
            # A recorder whose disk was full tries again after five seconds; what still stands still then is a fault.
            time.sleep(_SETTLE_S)
            if made.wait_well(_HEAL_S) is None:
                report.findings.append(_unwell(made, "the last harm"))
            report.harms, report.memory = harms.done, seen.by_minute()
            over_s = time.monotonic() - made.began
        report.findings += judge(made, seen, over_s, made.end())
        if report.wrong:
            say(made.log()[-4000:])
    return report


def _unwell(made: Site, after: str) -> Finding:
    return Finding("healing", "", (f"not well {_HEAL_S:.0f} s after {after}: {made.log()[-2000:]}",))
