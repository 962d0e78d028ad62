"""One page shows the results of every benchmark, each under its title."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.benchmarks.records import ROOT, check_form

if TYPE_CHECKING:
    from pathlib import Path

TITLES = {
    "depot": "The depot",
    "codecs": "Picture codecs",
    "jobs": "The job queue",
    "loader": "The image loader",
    "shots": "Shots",
    "capture": "Capture and recording",
}
MACHINE = ("cpu", "cores", "kernel", "python", "numpy", "rushes", "core")
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def claim(title: str, unit: str, parts: dict[str, Any], holds: bool | None = None) -> dict[str, Any]:
    return {
        "id": title,
        "title": title,
        "unit": unit,
        "target": 2.0,
        "at_least": True,
        "measured": 3.0,
        "spread": [2.5, 3.5],
        "holds": holds,
        "parts": parts,
    }


def part(median: float) -> dict[str, Any]:
    return {"median": median, "spread": [median, median], "rounds": 1}


def record(**more: Any) -> dict[str, Any]:
    base = {"when": "2026-01-02", "quick": False, "took_s": 1.0, "load": [0.1, 0.2], "peers": {"peer": "1.0"}}
    return {**base, "machine": dict.fromkeys(MACHINE, "x"), "claims": [], **more}


def report(folder: Path, records: dict[str, dict[str, Any]]) -> str:
    page, files = folder / "page.md", []
    for name, each in records.items():
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(each))
    return run(page, *files)


def run(page: Path, *files: Path) -> str:
    subprocess.run(
        [sys.executable, "benchmarks/report.py", *map(str, files), "-o", str(page)],
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    return page.read_text()


def headings(page: str) -> list[str]:
    return [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]


def test_each_part_has_its_title(tmp_path: Path) -> None:
    own = {name: record() for name in TITLES}
    own["shots"] = record(title="Shots of cameras")
    page = report(tmp_path, {**own, "other": record()})
    assert headings(page) == [*{**TITLES, "shots": "Shots of cameras"}.values(), "Other"]
    assert page.count("### Claims") == page.count("### Where") == 7


def test_times_sizes_and_what_is_missing_are_shown_as_such(tmp_path: Path) -> None:
    parts = {"ours": part(0.0125), "theirs": "not installed"}
    claims = [
        claim("sooner", "×", parts, holds=True),
        claim("bytes per frame: the other", "×", {"ours": part(4096.0)}, holds=False),
        claim("share", "%", {"ours": part(99.0)}),
    ]
    page = report(tmp_path, {"shots": record(claims=claims)})
    assert "| sooner | ≥ 2 × | 3 × | 2.5 × – 3.5 × | holds |" in page
    assert "| sooner | ours | 12.50 ms | 12.50 ms – 12.50 ms | 1 |" in page
    assert "| sooner | theirs | not installed | – | – |" in page
    assert "| bytes per frame: the other | ours | 4,096 | 4,096 – 4,096 | 1 |" in page
    assert "**missed**" in page
    assert "| share | ours | 99 |" in page


def test_a_quick_run_is_called_one(tmp_path: Path) -> None:
    assert "A quick run" in report(tmp_path, {"jobs": record(quick=True)})
    assert "A quick run" not in report(tmp_path, {"jobs": record()})


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_what_is_kept_is_no_quick_run_and_has_every_row(path: Path, tmp_path: Path) -> None:
    kept = json.loads(path.read_text())
    check_form(kept)
    assert not kept["quick"]
    page = run(tmp_path / "page.md", path)
    assert all(f"| {each['title']} |" in page for each in kept["claims"])


def test_without_names_all_that_is_kept_is_shown_in_one_order(tmp_path: Path) -> None:
    shown = headings(run(tmp_path / "page.md"))
    kept = [TITLES[name] for name in TITLES if name in {path.stem for path in RESULTS}]
    assert [title for title in shown if title in TITLES.values()] == kept
    assert len(shown) == len(set(shown)) == len(RESULTS)
