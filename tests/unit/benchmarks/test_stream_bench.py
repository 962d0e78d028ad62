"""The benchmarks of streams run with rushes alone, and what both ends kept is joined by number, not by luck."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks._ends import UNKNOWN, Board, Got, Phase, Sent
from benchmarks._moving import FRAMES, frame, picture, shown
from benchmarks._stream_run import Broken, Part, Run, joined, untold
from benchmarks.claims.stream_parts import Table, ratio
from tests.unit.benchmarks.records import check_form

ROOT = Path(__file__).resolve().parents[3]
RATES = {
    f"{what}_60" for what in ("latency", "latency99", "cpu", "delivered", "lost", "untold", "disordered")
}
ALONE = RATES | {
    "joining_60",
    "payload_latency",
    "payload_fps",
    "payload_lost",
    "local",
    "local_cpu",
    "slow_age",
    "slow_worst",
    "slow_lost",
    "slow_share",
    "slow_beside",
    "stopped_send",
    "stopped_before",
    "stopped_untold",
    "killed_receiver",
    "killed_receiver_program",
    "killed_streamer",
    "killed_streamer_program",
}
TIMED = [Phase("timed", 100, 0.05)]


def sent(index: int, number: int | None) -> Sent:
    return Sent("timed", index, number, begun_ns=index * 10_000_000, took_ns=1_000_000)


def got(number: int, index: int, after_ms: int) -> Got:
    return Got(number, index % FRAMES, index * 10_000_000 + after_ms * 1_000_000)


@pytest.mark.long
def test_every_claim_is_measured_without_peers(tmp_path: Path) -> None:
    out = tmp_path / "stream.json"
    line = [sys.executable, "benchmarks/stream.py", "--quick", "--no-peers", "--out", str(out)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "pystreaming takes no part" in done.stderr
    record: dict[str, Any] = json.loads(out.read_text())
    check_form(record)
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert {name for name, claim in claims.items() if claim["measured"] is not None} == ALONE
    assert claims["disordered_60"]["measured"] == 0
    assert claims["untold_60"]["measured"] == 0


def test_a_frame_shows_its_number_whatever_it_goes_through() -> None:
    tall = picture(96, 160)
    assert [shown(frame(tall, index, 96)) for index in range(FRAMES)] == list(range(FRAMES))
    assert frame(tall, 3, 96).flags.c_contiguous
    assert np.array_equal(frame(tall, FRAMES + 1, 96), frame(tall, 1, 96))


def test_latency_is_that_of_the_same_number() -> None:
    run = joined([sent(i, i) for i in range(5)], [[got(i, i, 3 + i) for i in range(5)]], TIMED)
    assert run.part("timed").took_s == pytest.approx([0.003, 0.004, 0.005, 0.006, 0.007])
    assert run.part("timed").p50_s == pytest.approx(0.005)
    assert (run.before_join, run.lost, run.refused, run.disordered) == (0, 0, 0, 0)


def test_losses_are_told_apart() -> None:
    # Two before the first that came, one refused, one that never came, one out of order.
    table = [sent(0, 0), sent(1, 1), sent(2, 2), sent(3, None), sent(4, 3), sent(5, 4), sent(6, 5)]
    came = [got(2, 2, 5), got(5, 6, 5), got(3, 4, 30)]
    run = joined(table, [came], TIMED)
    assert (run.before_join, run.lost, run.refused, run.disordered) == (2, 1, 1, 1)
    assert run.part("timed").delivered == 3


def test_losses_must_be_told_neither_too_few_nor_too_many() -> None:
    run = Run([], before_join=2, lost=5, refused=0, untold=0, disordered=0)
    assert [untold(run, told) for told in (0, 5, 7, 8)] == [5, 0, 0, 1]


def test_frames_without_a_number_are_told_by_what_they_show() -> None:
    table = [sent(i, i) for i in range(FRAMES + 10)]
    came = [Got(UNKNOWN, i % FRAMES, i * 10_000_000 + 1) for i in range(FRAMES + 10) if i != 7]
    run = joined(table, [came], TIMED)
    assert run.lost == 1
    assert run.part("timed").delivered == FRAMES + 9


def test_another_picture_than_was_sent_is_found() -> None:
    with pytest.raises(Broken, match="shows 2"):
        joined([sent(0, 0), sent(1, 1)], [[got(0, 0, 1), got(1, 2, 1)]], TIMED)


def test_nothing_that_came_has_no_median() -> None:
    with pytest.raises(Broken, match="none of 4"):
        _ = Part(4, 0, 1.0, [], [0.001] * 4).p50_s


def test_the_board_says_when_all_have_joined(tmp_path: Path) -> None:
    board = Board(str(tmp_path / "board"), receivers=2)
    other = Board(str(tmp_path / "board"))
    assert not other.joined
    assert not other.stop
    board.came(0, 4)
    assert not other.joined
    board.came(1, 0)
    board.stop = True
    assert (other.joined, other.stop, other.last(0), other.last(1)) == (True, True, 4, 0)


def test_ours_is_held_against_the_best_of_the_others_in_each_round() -> None:
    def runs(*took_s: float) -> list[Run]:
        return [Run([{"timed": Part(1, 0, 1.0, [each], [])}], 0, 0, 0, 0, 0) for each in took_s]

    table = Table({"rushes": runs(2, 2), "one": runs(1, 8), "other": runs(4, 4)})
    claim = ratio("id", "title", table, lambda run: run.part("timed").p50_s, ["one", "other"], 1.0)
    assert claim.values == pytest.approx([2, 0.5])
    assert ratio("id", "title", table, lambda run: 1.0, ["not here"], 1.0).holds is None
