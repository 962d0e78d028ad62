"""The note about soaks tells what the kept one found, and draws its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import _plots, report
from benchmarks._growth_block import BEGIN, END
from benchmarks._soak_block import MISSING, PLOT, block
from tests.soak.harms import Deaths, Done
from tests.soak.run import Report
from tests.soak.verdict import Finding
from tests.soak.watch import Seen

if TYPE_CHECKING:
    from pathlib import Path


def found(*wrong: str) -> dict[str, Any]:
    seen = Seen()
    seen.memory["web"] += [(1.0, 10 << 20), (2.0, 30 << 20), (3.0, 20 << 20), (130.0, 40 << 20)]
    made = Report(180, seed=3, memory=seen.by_minute())
    made.healed += [(Done("kill", "web"), 1.0), (Done("kill", "web"), 3.0), (Done("cut", long_s=2.0), 0.01)]
    made.healed.append((Done("stall", "web", 1.5), 0.0))
    made.harms.update(["kill", "kill", "cut", "stall"])
    made.findings.append(Finding("account", "3 looks", wrong))
    return made.as_record()


def test_a_soak_is_told_by_harm_with_memory_by_minutes() -> None:
    record = found()
    assert record["memory_mib"] == {"web": [20.0, None, 40.0]}
    text = block([record, found()])
    assert text.startswith("### 3 minutes\n\n**Everything holds.** Seed 3, 4 harms;")
    assert text.count("### ") == 2
    assert text.count(PLOT) == 1
    assert "| SIGKILL | web | 2 | 2.00 s | 3.00 s |" in text
    assert "| SIGSTOP for 0.3 to 3 s | any process of the station | 1 | at once | at once |" in text
    assert "| account | holds | 3 looks |" in text


def test_what_does_not_hold_is_told_first() -> None:
    text = block([found("a frame is missing", "another one")])
    assert "\n**2 things do not hold.**" in text
    assert "| account | **wrong** | 3 looks; a frame is missing; another one |" in text


def test_without_a_kept_soak_the_note_says_how_to_make_one() -> None:
    assert block([]) == MISSING.strip()


@pytest.mark.leaky("matplotlib keeps the fonts that it has read open")
def test_memory_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert tmp_path / PLOT in _plots.write({}, tmp_path, [found()])
    assert b"own memory, MiB" in (tmp_path / PLOT).read_bytes()


def test_the_note_shows_what_is_kept() -> None:
    page = (report.DOCS / "design" / "soak.md").read_text(encoding="utf-8")
    written = page.split(BEGIN)[1].split(END)[0].strip()
    assert written == block(report.soaked()), "benchmarks/report.py writes it anew"


def test_no_stage_is_killed_so_often_that_the_station_gives_it_up() -> None:
    deaths = Deaths()
    for at in (0.0, 30.0, 35.0, 41.0):
        assert deaths.bears("web", at)
        deaths.note("web", at)
    assert not deaths.bears("web", 50.0)
    assert deaths.bears("web", 62.0)
    assert deaths.bears("recorder", 50.0)
