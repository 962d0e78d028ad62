"""The figures of the plan in docs/design/growth.md, made of kept results; ``report.py`` writes them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks._growth_plan import Measured, Wish, inputs, station, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks._growth_plan import Line

BEGIN, END = "<!-- figures: made by benchmarks/report.py -->", "<!-- end of figures -->"
SMOKE = (
    "> **A smoke run: the figures mean nothing.** They show what will stand here once `scripts/bench growth` has run"
    " on a machine that does nothing else.\n"
)
MISSING = "> Not measured yet: `scripts/bench growth` does it.\n"


def measured(records: Mapping[str, dict[str, Any]]) -> Measured:
    growth, curves = records.get("growth", {}), records.get("growth", {}).get("curves", {})
    facts = curves.get("channels", {}).get("facts", {}) if growth else {}
    return Measured(
        pixels_s=facts.get("pixels_s"),
        station_cores=_sensible(facts.get("station_cores")),
        channel_cores=_sensible(facts.get("channel_cores")),
        station_mib=_sensible(facts.get("station_mib")),
        channel_mib=_sensible(facts.get("channel_mib")),
        row_bytes=_last(curves, "archive", "row"),
        insert_us=_last(curves, "archive", "insert"),
        lookup_us=_last(curves, "archive", "lookup"),
        word_kb=_last(curves, "fleet", "word"),
        hear_ms=_last(curves, "fleet", "hear"),
        heard_from=max(curves.get("fleet", {}).get("amounts", ()), default=None),
        first_viewer=_claim(records, "live", "live_cpu_1"),
        more_viewer=_claim(records, "live", "live_viewer"),
        stored_fps=_claim(records, "mapreduce", "stored"),
    )


def block(records: Mapping[str, dict[str, Any]], wish: Wish | None = None) -> str:
    """All that stands between the marks."""
    wish, found = wish or Wish(), measured(records)
    growth = records.get("growth")
    lines = [MISSING] if growth is None else [SMOKE] if growth["quick"] else []
    if growth is not None and not growth["quick"]:
        machine = growth["machine"]
        lines.append(f"Measured on {machine['cpu']}, {machine['cores']} cores; {growth['when']}.\n")
    lines += _table("What it goes by", "from", inputs(wish, found))
    lines += _table("One station", "", station(wish, found))
    lines += _table("All together", "", together(wish, found))
    if growth is not None and not growth["quick"]:
        lines += [_plot(each) for each in ("channels", "archive", "fleet")]
    return "\n".join(lines).rstrip()


def fill(page: Path, text: str) -> None:
    """Puts it into the page, between its marks."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _table(title: str, last: str, lines: Sequence[Line]) -> list[str]:
    return [f"### {title}\n", f"| | | {last} |", "|---|---|---|", *map(_row, lines), ""]


def _plot(name: str) -> str:
    return f"![What it costs to have more {name}](../images/bench-growth-{name}.svg)\n"


def _row(line: Line) -> str:
    return f"| {line.what} | {_told(line.value, line.unit)} | {line.how} |"


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    digits = f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"
    return f"{digits} {unit}".rstrip()


def _sensible(value: float | None) -> float | None:
    """A line through too few points may lead anywhere."""
    return value if value is not None and value >= 0 else None


def _last(curves: Mapping[str, Any], curve: str, series: str) -> float | None:
    """At the largest amount that it was measured at."""
    values = curves.get(curve, {}).get("series", {}).get(series, {}).get("values", ())
    return next((each for each in reversed(values) if each is not None), None)


def _claim(records: Mapping[str, dict[str, Any]], record: str, claim: str) -> float | None:
    claims = records.get(record, {}).get("claims", ())
    return next((each["measured"] for each in claims if each["id"] == claim), None)
