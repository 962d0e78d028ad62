"""Writes docs/benchmarks.md from the kept results: ``report.py [RESULTS.json …] [-o FILE]``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TITLES = {
    "depot": "The depot",
    "codecs": "Picture codecs",
    "jobs": "The job queue",
    "loader": "The image loader",
    "shots": "Shots",
    "capture": "Capture and recording",
    "archive": "The archive",
    "stream": "Streams",
    "mapreduce": "Work for many machines",
    "live": "The live view",
}
"""By the name of the results, in the order of the page; others follow by name. A record's own title goes first."""
VERDICT = {True: "holds", False: "**missed**", None: "–"}

INTRODUCTION = """# Benchmarks

To reproduce: `scripts/bench` measures everything again and rewrites this page (`benchmarks/report.py`, from
`benchmarks/results/`). Contenders of one claim take turns within one run; a ratio is ours over the
other's, of the same round, unless the claim says otherwise. Each figure is the median over rounds. What each
contender does is told in `benchmarks/README.md`.
"""


def page(*records: dict[str, Any]) -> str:
    """One record gives the page without part headings, several one part each."""
    parts = [INTRODUCTION]
    for record in records:
        level = "##"
        if len(records) > 1:
            parts.append(f"## {record['title']}\n")
            level = "###"
        parts += [_machine(record, level), f"{level} Claims\n", _claims(record["claims"])]
        parts += [f"{level} What the ratios are made of\n", _contenders(record["claims"])]
    return "\n".join(parts)


def _machine(record: dict[str, Any], level: str) -> str:
    machine = record["machine"]
    rows = {
        "Processor": f"{machine['cpu']}, {machine['cores']} cores",
        "System": f"{machine['kernel']}, Python {machine['python']}, NumPy {machine['numpy']}",
        "rushes": f"{machine['rushes']}, {machine['core']}",
        "Peers": ", ".join(f"{name} {version}" for name, version in record["peers"].items()),
        "Date": record["when"],
        "Load average": f"{record['load'][0]} at the start, {record['load'][1]} at the end, ours included",
    }
    lines = [
        f"{level} Where\n",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows.items()),
        "",
    ]
    if record["quick"]:
        lines += ["> **A quick run**: it shows that the benchmarks run, its figures mean nothing.", ""]
    return "\n".join(lines)


def _claims(claims: list[dict[str, Any]]) -> str:
    lines = ["| claim | target | measured | lowest – highest | |", "|---|---|---|---|---|"]
    for claim in claims:
        unit = claim["unit"]
        target = "–" if claim["target"] is None else f"{_sign(claim)} {claim['target']:g} {unit}"
        measured = "not measured" if claim["measured"] is None else _figure(claim["measured"], unit)
        spread = " – ".join(_figure(value, unit) for value in claim["spread"] or ()) or "–"
        lines.append(f"| {claim['title']} | {target} | {measured} | {spread} | {VERDICT[claim['holds']]} |")
    return "\n".join([*lines, ""])


def _sign(claim: dict[str, Any]) -> str:
    return "≥" if claim["at_least"] else "≤"


def _figure(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits} {unit}"


def _contenders(claims: list[dict[str, Any]]) -> str:
    lines = ["| claim | contender | median | lowest – highest | rounds |", "|---|---|---|---|---|"]
    for claim in claims:
        for name, part in claim["parts"].items():
            if isinstance(part, str):
                lines.append(f"| {claim['title']} | {name} | {part} | – | – |")
                continue
            # Times are kept in seconds; a ratio of sizes says so in its title.
            timed = claim["unit"] in ("×", "µs", "ms") and not claim["title"].startswith("bytes")
            show = _time if timed else _count
            spread = " – ".join(show(value) for value in part["spread"])
            lines.append(
                f"| {claim['title']} | {name} | {show(part['median'])} | {spread} | {part['rounds']} |"
            )
    return "\n".join([*lines, ""])


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


def load(path: Path) -> dict[str, Any]:
    """What was kept in a file, with a title."""
    record: dict[str, Any] = json.loads(path.read_text())
    return {"title": TITLES.get(path.stem, path.stem.capitalize()), **record}


def in_order(path: Path) -> tuple[int, str]:
    names = list(TITLES)
    return (names.index(path.stem) if path.stem in names else len(names), path.stem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kept = sorted((HERE / "results").glob("*.json"), key=in_order)
    parser.add_argument("results", nargs="*", type=Path, default=kept)
    parser.add_argument("-o", "--out", type=Path, default=HERE.parent / "docs" / "benchmarks.md")
    options = parser.parse_args()
    options.out.write_text(page(*(load(path) for path in options.results)))


if __name__ == "__main__":
    main()
