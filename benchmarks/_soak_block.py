"""What soaks found, for docs/design/soak.md: made of their kept records by ``report.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLOT = "soak-memory.svg"
MISSING = "> Not run yet: `scripts/soak --for 1h --json benchmarks/results/soak/hour.json` does it.\n"
_DONE = {
    "kill": "SIGKILL",
    "stall": "SIGSTOP for 0.3 to 3 s",
    "cut": "the receiver's line cut for 0.2 to 3 s",
    "disk full": "the disk full for 0.5 to 3 s",
}


def block(records: Sequence[Mapping[str, Any]]) -> str:
    """Between the marks, for each: what was done, how soon all was well, what was found; the first one's memory."""
    parts = []
    for turn, record in enumerate(records):
        parts += [f"### {record['seconds'] / 60:.0f} minutes\n", _where(record), *_harms(record)]
        parts += _memory() if not turn else []
        parts += _findings(record["findings"])
    return "\n".join(parts).rstrip("\n") or MISSING.rstrip("\n")


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the plot shows."""
    return {"seconds": record["seconds"], "memory": record["memory_mib"]}


def _where(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    wrong = sum(len(each["wrong"]) for each in record["findings"])
    verdict = "**Everything holds.**" if not wrong else f"**{wrong} things do not hold.**"
    return (
        f"{verdict} Seed {record['seed']}, {sum(record['harms'].values())} harms;"
        f" {machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, Python {machine['python']};"
        f" {record['when']}.\n"
    )


def _harms(record: Mapping[str, Any]) -> list[str]:
    lines = ["| harm | to | times | well again after, median | at worst |", "|---|---|---|---|---|"]
    lines += [
        f"| {_DONE[each['kind']]} | {each['whom'] or _anyone(each['kind'])} | {each['times']} |"
        f" {_seconds(each['median_s'])} | {_seconds(each['worst_s'])} |"
        for each in record["healed"]
    ]
    return [*lines, ""]


def _anyone(kind: str) -> str:
    return "any process of the station" if kind == "stall" else ""


def _seconds(value: float) -> str:
    return "at once" if value < 0.1 else f"{value:.2f} s"


def _memory() -> list[str]:
    return [f"![Memory of each process, by minutes](../images/{PLOT})", ""]


def _findings(found: list[dict[str, Any]]) -> list[str]:
    lines = ["| looked at | | found |", "|---|---|---|"]
    for each in found:
        verdict = "**wrong**" if each["wrong"] else "holds"
        lines.append(f"| {each['what']} | {verdict} | {'; '.join([each['told'], *each['wrong']])} |")
    return [*lines, ""]
