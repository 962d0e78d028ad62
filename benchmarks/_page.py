"""docs/benchmarks.md, made of kept results: which targets hold, and each benchmark's claims and curves."""

from __future__ import annotations

from typing import Any

VERDICT = {True: "holds", False: "**missed**", None: "–"}
CURVES = ("channels", "readers", "queue", "archive", "fleet")
RATIOS = "images/bench-ratios.svg"

INTRODUCTION = """# Benchmarks

To reproduce: `scripts/bench` measures everything again and rewrites this page (`benchmarks/report.py`, from
`benchmarks/results/`). Contenders of one claim take turns within one run; a ratio is ours over the
other's, of the same round, unless the claim says otherwise. Each figure is the median over rounds. What each
contender does is told in `benchmarks/README.md`.
"""


def page(*records: dict[str, Any], plots: bool = False) -> str:
    """One record gives the page without part headings, several one part each. ``plots``: with links to them."""
    parts = [INTRODUCTION, summary(records, plots=plots)]
    for record in records:
        level = "##"
        if len(records) > 1:
            parts.append(f"## {record['title']}\n")
            level = "###"
        parts += [_machine(record, level)]
        parts += [_curve(each, level, plots=plots) for each in curves(record)]
        parts += [f"{level} Claims\n", _claims(record["claims"])]
        if any(claim["parts"] for claim in record["claims"]):
            parts += [_folded("What the ratios are made of", _contenders(record["claims"]))]
    return "\n".join(parts)


def _folded(title: str, text: str) -> str:
    """Shown when it is asked for: in the site and where the file itself is looked at."""
    return f'<details markdown="1">\n<summary>{title}</summary>\n\n{text}\n</details>\n'


def curves(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What a record has of costs over amounts, in the order of the page."""
    found = record.get("curves", {})
    return [found[name] for name in CURVES if name in found]


def judged(records: tuple[dict[str, Any], ...]) -> list[tuple[str, dict[str, Any]]]:
    """(benchmark, claim) of all that hold or are missed, each with a title that stands alone."""
    found = []
    for record in records:
        before = ""
        for claim in record["claims"]:
            before = alone(claim["title"], before)
            if claim["holds"] is not None:
                found.append((record["title"], {**claim, "title": before}))
    return found


def alone(title: str, before: str) -> str:
    """A title that says "the same", with what that is: the title before it, but for what that was compared with."""
    rest = title.removeprefix("the same")
    return (
        title if rest == title or not before else before.rpartition(": ")[0 if ": " in before else 2] + rest
    )


def summary(records: tuple[dict[str, Any], ...], *, plots: bool) -> str:
    """How many targets hold, and which do not."""
    found = judged(records)
    missed = [(title, claim) for title, claim in found if not claim["holds"]]
    lines = [f"**{len(found) - len(missed)} of {len(found)} targets hold.**", ""]
    if missed:
        lines += ["| missed | of | target | measured |", "|---|---|---|---|"]
        lines += [
            f"| {claim['title']} | {title} | {target_of(claim)} | {measured_of(claim)} |"
            for title, claim in missed
        ]
        lines.append("")
    if plots:
        lines += [f"![Every target, and what was measured of it]({RATIOS})", ""]
    return "\n".join(lines)


def table_of_targets(records: tuple[dict[str, Any], ...]) -> str:
    """Every judged claim on a line of its own, for a terminal."""
    lines = []
    last = None
    for title, claim in judged(records):
        if title != last:
            lines += ["", title]
            last = title
        verdict = "holds " if claim["holds"] else "MISSED"
        lines.append(f"  {verdict} {measured_of(claim):>18}  {target_of(claim):<18} {claim['title']}")
    missed = sum(not claim["holds"] for _, claim in judged(records))
    total = len(judged(records))
    return "\n".join([*lines, "", f"{total - missed} of {total} targets hold, {missed} missed"]).lstrip("\n")


def target_of(claim: dict[str, Any]) -> str:
    if claim["target"] is None:
        return "–"
    return f"{'≥' if claim['at_least'] else '≤'} {claim['target']:g} {claim['unit']}"


def measured_of(claim: dict[str, Any]) -> str:
    return "not measured" if claim["measured"] is None else figure(claim["measured"], claim["unit"])


def figure(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits} {unit}"


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


def _curve(curve: dict[str, Any], level: str, *, plots: bool) -> str:
    """A column for each amount."""
    lines = [f"{level} By {curve['by']}\n", f"{curve['title']}.", ""]
    lines += [f"| | {' | '.join(curve['labels'])} |", f"|---|{'---|' * len(curve['labels'])}"]
    for series in curve["series"].values():
        cells = ["–" if each is None else figure(each, series["unit"]) for each in series["values"]]
        lines.append(f"| {series['title']} | {' | '.join(cells)} |")
    lines.append("")
    lines += [f"{each}\n" for each in (*_full(curve), *curve["notes"])]
    if plots:
        lines += [f"![{curve['title']}](images/bench-growth-{curve['id']}.svg)", ""]
    return "\n".join(lines)


def _full(curve: dict[str, Any]) -> list[str]:
    facts = curve["facts"]
    if facts.get("full_by_cost") is None:
        return []
    seen = facts["full_seen"]
    told = (
        f"with {seen:.0f} channels it could be seen" if seen else "no station that was tried was that large"
    )
    return [
        f"**Full**: by these costs this machine of {facts['cores']:.0f} cores is full at"
        f" {facts['full_by_cost']:.0f} channels; {told} (fewer than 95 % of the frames, or frames"
        " lost behind the sources)."
    ]


def _claims(claims: list[dict[str, Any]]) -> str:
    lines = ["| claim | target | measured | lowest – highest | |", "|---|---|---|---|---|"]
    for claim in claims:
        spread = " – ".join(figure(value, claim["unit"]) for value in claim["spread"] or ()) or "–"
        lines.append(
            f"| {claim['title']} | {target_of(claim)} | {measured_of(claim)} | {spread} | {VERDICT[claim['holds']]} |"
        )
    return "\n".join([*lines, ""])


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
