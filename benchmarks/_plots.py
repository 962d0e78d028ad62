"""Plots of kept results: every target with what was measured of it, and what it costs to have more.

Drawn by matplotlib, the extra "report". Each file says what it was drawn from by a sum of those figures, and is left
alone while that is the same: so a new version of the library changes no file, and a test that has no library can tell
whether a plot shows what is kept. Run by ``report.py``.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import _soak_block
from benchmarks._page import curves, figure, judged, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

FORM = 1
"""Counted up when the same figures are to be drawn in another way."""
TEXT, GRID = "#7d8590", "#7d859055"
HOLDS, MISSED = "#2f9e6e", "#e0662b"
LINES = ("#3b8fd4", "#e08214", "#2f9e6e", "#c05fa5")
"""Mid-tones on no background: they can be read on white and on black."""
LEAST, MOST = 1e-2, 10.0
_DRAWN = re.compile(r"drawn from ([0-9a-f]{64})")
_TITLE_LETTERS = 92

PANELS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "channels": (
        ("of a core for each channel, %", ("cpu", "cpu_source", "cpu_recorder", "cpu_others")),
        ("%", ("frames", "machine")),
        ("memory for each channel, MiB", ("private", "depots")),
    ),
    "readers": (
        ("µs", ("put", "read", "last")),
        ("% of the frames", ("share",)),
    ),
    "queue": (
        ("µs", ("submit", "start")),
        ("µs", ("want",)),
        ("bytes for each job", ("memory",)),
    ),
    "archive": (
        ("µs", ("lookup", "insert")),
        ("ms", ("spans", "thumbs", "opening")),
        ("bytes of the index for each group", ("row",)),
    ),
    "fleet": (
        ("ms of processor time", ("hear",)),
        ("of a core of each station, %", ("share",)),
    ),
}
"""What is drawn of each curve: the heading of an axis, and the series on it."""


class Row(NamedTuple):
    """One judged claim: where it lies by its target, 1 being just held and less better."""

    part: str
    title: str
    target: str
    measured: str
    at: float | None
    low: float | None
    high: float | None
    holds: bool


def rows(records: Mapping[str, dict[str, Any]]) -> list[Row]:
    return [_row(part, claim) for part, claim in judged(tuple(records.values()))]


def digest(drawn: Any) -> str:
    """A sum of what a plot shows."""
    return hashlib.sha256(json.dumps([FORM, drawn], sort_keys=True).encode()).hexdigest()


def drawn_from(path: Path) -> str | None:
    """The sum that a plot says it was drawn from; None when there is no plot of ours."""
    found = _DRAWN.search(path.read_text(encoding="utf-8")) if path.exists() else None
    return found[1] if found else None


def wanted(records: Mapping[str, dict[str, Any]], soaks: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """By the name of each plot, what it shows."""
    out: dict[str, Any] = {"bench-ratios.svg": rows(records)}
    for record in records.values():
        out |= {f"bench-growth-{curve['id']}.svg": _shown(curve) for curve in curves(record)}
    return out | {_soak_block.PLOT: _soak_block.shown(soaks[0])} if soaks else out


def write(
    records: Mapping[str, dict[str, Any]], folder: Path, soaks: Sequence[Mapping[str, Any]] = ()
) -> list[Path]:
    """Draws those that do not show what is kept; which. ModuleNotFoundError without matplotlib."""
    import matplotlib as mpl

    mpl.use("agg")
    made = []
    for name, shown in wanted(records, soaks).items():
        path, told = folder / name, digest(shown)
        if drawn_from(path) == told:
            continue
        settings: Any = {
            "svg.hashsalt": name,
            "svg.fonttype": "none",
            "font.size": 8,
            "font.family": "sans-serif",
        }
        colours = dict.fromkeys(
            ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), TEXT
        )
        with mpl.rc_context(settings | colours):
            draw: Callable[[Any], Any] = _DRAW.get(name, _draw_curve)
            drawing = draw(shown)
            # No date and no version: the same figures make the same file.
            told_of = {"Date": None, "Creator": None, "Description": f"drawn from {told}"}
            drawing.savefig(path, transparent=True, metadata=told_of)
        made.append(path)
    return made


def _row(part: str, claim: dict[str, Any]) -> Row:
    target, at_least = claim["target"], claim["at_least"]

    def place(value: float | None) -> float | None:
        """Left of 1 is better. What was to be nothing and is nothing lies at the left end."""
        if value is None or not target:
            return None if value is None else MOST if value > 0 else LEAST
        by = (target / value if value else MOST) if at_least else value / target
        return min(MOST, max(LEAST, by))

    at, *ends = map(place, (claim["measured"], *(claim["spread"] or (None, None))))
    known = sorted(each for each in ends if each is not None)
    low, high = (known[0], known[-1]) if known else (None, None)
    told = "broke off" if claim["measured"] is None else figure(claim["measured"], claim["unit"])
    return Row(part, claim["title"], target_of(claim), told, at, low, high, bool(claim["holds"]))


def _shown(curve: dict[str, Any]) -> dict[str, Any]:
    keys = {name for _, names in PANELS[curve["id"]] for name in names}
    return {
        **{key: curve[key] for key in ("id", "title", "by", "amounts", "labels")},
        "series": {name: each for name, each in curve["series"].items() if name in keys},
    }


def _draw_rows(found: list[Row]) -> Any:
    from matplotlib.figure import Figure

    parts = list(dict.fromkeys(row.part for row in found))
    height = 0.17 * (len(found) + 2 * len(parts)) + 0.9
    drawing = Figure(figsize=(11, height))
    axes = drawing.add_axes((0.53, 0.45 / height, 0.30, 1 - 0.9 / height))
    at = 0.0
    for part in parts:
        at += 1
        axes.annotate(part, (-1.74, -at), xycoords=("axes fraction", "data"), weight="bold", va="center")
        for row in (each for each in found if each.part == part):
            at += 1
            _draw_row(axes, row, -at)
        at += 1
    axes.axvline(1, color=TEXT, linewidth=1)
    axes.set(xscale="log", xlim=(LEAST / 1.6, MOST * 1.6), ylim=(-at, 0.5), yticks=[])
    axes.set_xlabel(
        "measured by target: left of the line it holds (circles), right of it it is missed (crosses)"
    )
    axes.grid(axis="x", color=GRID)
    axes.set_frame_on(False)
    return drawing


def _draw_row(axes: Any, row: Row, at: float) -> None:
    colour = HOLDS if row.holds else MISSED
    if row.low is not None and row.high is not None:
        axes.plot((row.low, row.high), (at, at), color=colour, linewidth=1.2, solid_capstyle="butt")
    place = MOST if row.at is None else row.at
    if row.holds:
        axes.plot(place, at, "o", color=colour, markersize=4)
    else:
        axes.plot(place, at, "X", color=colour, markersize=6.5)
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 7}
    axes.annotate(_short(row.title), (-0.02, at), ha="right", **beside)
    axes.annotate(f"{row.measured}   ({row.target})", (1.02, at), color=colour, **beside)


def _short(title: str) -> str:
    """Without its middle, if long: it is the ends that tell one from another."""
    half = _TITLE_LETTERS // 2
    return title if len(title) <= _TITLE_LETTERS else f"{title[:half]} … {title[-half:]}"


def _draw_curve(curve: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    panels = PANELS[curve["id"]]
    drawing = Figure(figsize=(3.6 * len(panels), 3.1), layout="constrained")
    for at, (heading, names) in enumerate(panels):
        axes = drawing.add_subplot(1, len(panels), at + 1)
        for name, colour, mark in zip(names, LINES, "osD^", strict=False):
            _draw_series(axes, curve["amounts"], curve["series"][name], colour, mark)
        axes.set(xscale="log", xlabel=curve["by"], ylabel=heading)
        axes.set_xticks(curve["amounts"], curve["labels"])
        axes.minorticks_off()
        axes.set_ylim(0, 1.15 * axes.get_ylim()[1])
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
    return drawing


def _draw_series(axes: Any, amounts: list[float], series: dict[str, Any], colour: str, mark: str) -> None:
    there = [at for at, value in enumerate(series["values"]) if value is not None]
    values = [series["values"][at] for at in there]
    ends = [series["spread"][at] for at in there]
    spread = [
        [value - low for value, (low, _) in zip(values, ends, strict=True)],
        [high - value for value, (_, high) in zip(values, ends, strict=True)],
    ]
    xs = [amounts[at] for at in there]
    axes.errorbar(
        xs, values, yerr=spread, color=colour, marker=mark, markersize=4, capsize=2, label=series["title"]
    )


def _draw_memory(shown: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = drawing.add_subplot()
    for at, (name, values) in enumerate(shown["memory"].items()):
        held = [float("nan") if each is None else each for each in values]
        style = ("-", "--", ":")[at // len(LINES) % 3]
        axes.plot(range(len(held)), held, style, color=LINES[at % len(LINES)], linewidth=1.3, label=name)
    axes.set(xlabel="minutes", ylabel="own memory, MiB", xlim=(0, shown["seconds"] / 60))
    axes.set_ylim(0, 1.15 * axes.get_ylim()[1])
    axes.grid(color=GRID)
    axes.spines[["top", "right"]].set_visible(False)
    drawing.legend(frameon=False, fontsize=7, loc="outside right center")
    return drawing


_DRAW: Mapping[str, Callable[[Any], Any]] = {"bench-ratios.svg": _draw_rows, _soak_block.PLOT: _draw_memory}
"""Those that are not curves of costs."""
