"""The plan for many cameras is arithmetic on what was measured, and says what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import report
from benchmarks._growth_block import BEGIN, END, block, fill, measured
from benchmarks._growth_plan import Line, Measured, Wish, station, together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WISH = Wish(cameras=1000, stations=20, width=1000, height=1000, fps=10.0, camera_megabits=8.0, keep_days=10)
FOUND = Measured(
    pixels_s=5e6,
    station_cores=0.5,
    channel_cores=0.1,
    station_mib=1024.0,
    channel_mib=51.2,
    row_bytes=500.0,
    insert_us=200.0,
    lookup_us=30.0,
    word_kb=20.0,
    hear_ms=2.0,
    heard_from=50.0,
    first_viewer=10.0,
    more_viewer=0.25,
    stored_fps=1000.0,
)


def values(lines: Sequence[Line]) -> dict[str, float | None]:
    return {each.what: each.value for each in lines}


def test_a_station_takes_its_own_part_and_that_of_each_camera() -> None:
    found = values(station(WISH, FOUND))
    assert found["cameras"] == 50
    # Twice the pixels that were measured: 0.5 + 50 × 0.1 × 2.
    assert found["cores"] == pytest.approx(10.5)
    assert found["memory of its processes"] == pytest.approx(3.5)
    assert found["written to disk"] == pytest.approx(50.0)
    assert found["recordings kept"] == pytest.approx(50e6 * 86_400 * 10 / 1e12)
    assert found["files kept"] == pytest.approx(0.72)
    assert found["index of a day"] == pytest.approx(50 * 86_400 * 500 / (1 << 30))
    assert found["adding to the index, of a core"] == pytest.approx(1.0)


def test_what_meets_in_a_hub_grows_with_the_square_of_the_stations() -> None:
    found = values(together(WISH, FOUND))
    assert found["words of all 20 stations through one hub"] == pytest.approx(20 * 19 * 20 / 1e3)
    assert found["hearing all others at one hub, of a core of each station"] == pytest.approx(10.0)
    assert found["hubs for these, without replicas"] == 1
    assert found["cores of workers"] == pytest.approx(50.0)
    assert found["cores for them"] == pytest.approx(1000 * 0.1 + 800 * 0.0025)


def test_what_was_not_measured_is_missing_in_all_that_needs_it() -> None:
    found = values(station(WISH, Measured(station_cores=1.0)))
    assert found["cores"] is None
    assert found["index kept"] is None
    assert found["written to disk"] == pytest.approx(50.0)


def growth(*, quick: bool) -> dict[str, Any]:
    return {
        "quick": quick,
        "when": "2026-01-02",
        "machine": {"cpu": "x", "cores": 2},
        "claims": [],
        "curves": {
            "channels": {"facts": {"pixels_s": 1e6, "channel_cores": -0.1}, "amounts": [1]},
            "fleet": {"amounts": [1, 64], "series": {"word": {"values": [1.0, None]}}, "facts": {}},
        },
    }


def test_measured_is_what_was_kept_and_no_nonsense() -> None:
    live = {"claims": [{"id": "live_cpu_1", "measured": 10.0}]}
    found = measured({"growth": growth(quick=False), "live": live})
    assert (found.pixels_s, found.channel_cores, found.word_kb) == (1e6, None, 1.0)
    assert (found.first_viewer, found.more_viewer, found.heard_from) == (10.0, None, 64)


def test_a_smoke_run_and_none_at_all_are_called_so() -> None:
    assert "the figures mean nothing" in block({"growth": growth(quick=True)})
    assert "Not measured yet" in block({})
    earnest = block({"growth": growth(quick=False)})
    assert "mean nothing" not in earnest
    assert "Measured on x, 2 cores; 2026-01-02." in earnest
    assert "bench-growth-channels.svg" in earnest


def test_only_what_stands_between_the_marks_is_written(tmp_path: Path) -> None:
    page = tmp_path / "growth.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nbehind\n")
    fill(page, "new")
    fill(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nbehind\n"


def test_the_plan_shows_what_is_kept() -> None:
    page = (report.DOCS / "design" / "growth.md").read_text(encoding="utf-8")
    written = page.split(BEGIN)[1].split(END)[0].strip()
    assert written == report.plan_block(report.kept()), "benchmarks/report.py writes it anew"
