"""One soak from its beginning to its verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.harms import Harms
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
    healed_s: list[float] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Everything that does not hold; empty when the promises do."""
        return [f"{each.what}: {line}" for each in self.findings for line in each.wrong]

    def as_record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "seconds": self.seconds,
            "seed": self.seed,
            "harms": dict(self.harms),
            "healed_s": {"median": self._healed(0.5), "worst": self._healed(1.0)},
            "findings": [
                {"what": each.what, "told": each.told, "wrong": each.wrong} for each in self.findings
            ],
        }

    def table(self) -> str:
        """For people."""
        harms = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.harms.items()))
        healed = f"healed within {self._healed(0.5):.1f} s (median), {self._healed(1.0):.1f} s (worst)"
        lines = [f"{self.seconds:.0f} s, seed {self.seed}: {harms}; {healed}"]
        for each in self.findings:
            lines.append(f"{'WRONG' if each.wrong else 'holds':6} {each.what}: {each.told}")
            lines += [f"       {line}" for line in each.wrong[:20]]
        return "\n".join(lines)

    def _healed(self, share: float) -> float:
        ordered = sorted(self.healed_s) or [0.0]
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


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
                told = harms.next()
                healed = made.wait_well(_HEAL_S)
                if healed is None:
                    report.findings.append(_unwell(made, told))
                    break
                report.healed_s.append(healed)
                say(f"{time.monotonic() - began:7.1f} s  {told}: well after {healed:.2f} s")
            # A recorder whose disk was full tries again after five seconds; what still stands still then is a fault.
            time.sleep(_SETTLE_S)
            if made.wait_well(_HEAL_S) is None:
                report.findings.append(_unwell(made, "the last harm"))
            report.harms = harms.done
            over_s = time.monotonic() - made.began
        report.findings += judge(made, seen, over_s, made.end())
        if report.wrong:
            say(made.log()[-4000:])
    return report


def _unwell(made: Site, after: str) -> Finding:
    return Finding("healing", "", (f"not well {_HEAL_S:.0f} s after {after}: {made.log()[-2000:]}",))
