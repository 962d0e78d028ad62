"""Plots show what is kept, are the same when made twice, and are left alone when they show it already."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import _plots, report
from benchmarks._growth_block import BEGIN, END
from benchmarks._page import alone, page, table_of_targets
from tests.unit.benchmarks.records import ROOT
from tests.unit.benchmarks.test_report import claim, part, record

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ROOT / "docs" / "images"
PAIRS = [[1.0, 1.5], [2.0, 2.0]]
QUEUE: dict[str, Any] = {
    "id": "queue",
    "title": "Jobs",
    "by": "waiting jobs",
    "amounts": [1000, 10_000],
    "labels": ["1,000", "10,000"],
    "series": {
        **{
            name: {"title": name, "unit": "µs", "values": [1.0, 2.0], "spread": PAIRS}
            for name in ("submit", "start", "want")
        },
        "memory": {
            "title": "memory",
            "unit": "bytes",
            "values": [400.0, None],
            "spread": [[400.0, 400.0], None],
        },
    },
    "facts": {},
    "notes": [],
}
DRAWS = pytest.mark.leaky("matplotlib keeps the fonts that it has read open")


def judged(
    title: str, measured: float | None, target: float, *, at_least: bool, holds: bool
) -> dict[str, Any]:
    made = claim(title, "×", {"ours": part(1.0)}, holds=holds)
    spread = None if measured is None else [measured * 0.9, measured * 1.1]
    return {**made, "measured": measured, "target": target, "at_least": at_least, "spread": spread}


@pytest.fixture
def records() -> dict[str, dict[str, Any]]:
    claims = [
        judged("so many", 4.0, 2.0, at_least=True, holds=True),
        judged("too slow", 3.0, 2.0, at_least=False, holds=False),
        judged("none lost", 0.0, 0.0, at_least=False, holds=True),
        judged("some lost", 5.0, 0.0, at_least=False, holds=False),
        judged("broke off", None, 2.0, at_least=False, holds=False),
        {**judged("only shown", 1.0, 1.0, at_least=False, holds=True), "holds": None},
    ]
    return {
        "jobs": record(title="The job queue", claims=claims),
        "growth": record(title="Growth", curves={"queue": QUEUE}),
    }


def test_what_holds_lies_left_of_one(records: dict[str, dict[str, Any]]) -> None:
    found = {row.title: row for row in _plots.rows(records)}
    assert set(found) == {"so many", "too slow", "none lost", "some lost", "broke off"}
    assert found["so many"].at == pytest.approx(0.5)
    assert found["too slow"].at == pytest.approx(1.5)
    assert found["none lost"].at == _plots.LEAST
    assert found["some lost"].at == _plots.MOST
    assert found["broke off"].at is None
    assert found["so many"].low == pytest.approx(0.5 / 1.1)
    assert found["so many"].high == pytest.approx(0.5 / 0.9)


@DRAWS
def test_plots_are_made_once_and_alike(records: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = {"bench-ratios.svg", "bench-growth-queue.svg"}
    assert {path.name for path in _plots.write(records, tmp_path)} == names
    first = {name: (tmp_path / name).read_bytes() for name in names}
    assert b"too slow" in first["bench-ratios.svg"]
    assert b"waiting jobs" in first["bench-growth-queue.svg"]
    assert _plots.write(records, tmp_path) == []
    for name in names:
        (tmp_path / name).unlink()
    _plots.write(records, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in names} == first


@DRAWS
def test_new_figures_are_drawn(records: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _plots.write(records, tmp_path)
    changed = copy.deepcopy(records)
    changed["jobs"]["claims"][0]["measured"] = 4.4
    assert [path.name for path in _plots.write(changed, tmp_path)] == ["bench-ratios.svg"]


def test_the_plots_in_the_documents_show_what_is_kept() -> None:
    wanted = {
        name: _plots.digest(shown) for name, shown in _plots.wanted(report.kept(), report.soaked()).items()
    }
    assert {name: _plots.drawn_from(IMAGES / name) for name in wanted} == wanted, (
        "benchmarks/report.py draws them"
    )


def test_the_page_in_the_documents_shows_what_is_kept() -> None:
    written = (report.DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert written == report.whole_page(report.kept()), "benchmarks/report.py writes it anew"


def test_the_page_begins_with_how_many_targets_hold_and_which_do_not(
    records: dict[str, dict[str, Any]],
) -> None:
    text = page(*records.values(), plots=True)
    assert "**2 of 5 targets hold.**" in text
    assert "| too slow | The job queue | ≤ 2 × | 3 × |" in text
    assert "| broke off | The job queue | ≤ 2 × | not measured |" in text
    assert text.index("bench-ratios.svg") < text.index("## The job queue")
    assert "| submit | 1 µs | 2 µs |" in text
    assert "| memory | 400 bytes | – |" in text
    assert "(images/bench-growth-queue.svg)" in text
    assert ".svg" not in page(*records.values())


def test_the_table_of_targets_tells_each(records: dict[str, dict[str, Any]]) -> None:
    told = table_of_targets(tuple(records.values()))
    assert told.count("MISSED") == 3
    assert told.endswith("2 of 5 targets hold, 3 missed")


def test_a_title_that_says_the_same_is_told_whole() -> None:
    assert alone("the same: Ray's", "frames through two workers: ours") == "frames through two workers: Ray's"
    assert alone("the same, sorted: Ray's", "frames") == "frames, sorted: Ray's"
    assert alone("frames", "other") == "frames"
    assert alone("the same", "") == "the same"


def test_without_matplotlib_the_page_is_written_and_plots_are_left(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None; sys.path.insert(0, '.')\n"
        "from pathlib import Path; from benchmarks import report\n"
        "report.DOCS = Path(sys.argv[1]); report.main.__globals__['sys'].argv = ['report.py']\n"
        "report.main()"
    )
    (tmp_path / "design").mkdir()
    for name in ("growth.md", "soak.md"):
        (tmp_path / "design" / name).write_text(f"{BEGIN}\n{END}\n")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "plots are left as they are" in done.stderr
    assert "targets hold" in (tmp_path / "benchmarks.md").read_text()
    assert "What it goes by" in (tmp_path / "design" / "growth.md").read_text()
    assert not (tmp_path / "images").exists()


def test_what_is_kept_can_be_told_as_a_table(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps(record(claims=[judged("so many", 4.0, 2.0, at_least=True, holds=True)])))
    done = subprocess.run(
        [sys.executable, "benchmarks/report.py", "--targets", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "holds" in done.stdout
    assert "1 of 1 targets hold, 0 missed" in done.stdout
