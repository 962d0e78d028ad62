"""Costs at several amounts: how they are kept, judged, and what follows from them; and that the benchmark runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from benchmarks._growth_curve import Curve, Series, line
from benchmarks._growth_station import Spent
from benchmarks.claims import growth_archive, growth_channels, growth_readers
from tests.unit.benchmarks.records import quick_record

if TYPE_CHECKING:
    from pathlib import Path

CURVES = {"channels", "readers", "queue", "archive", "fleet"}


def spent(at_s: float, cpu: float, frames: int, disk: int = 0) -> Spent:
    return Spent(
        at_s=at_s,
        cpu_s={"source": cpu, "recorder": cpu / 2, "web": cpu / 4, "parent": cpu / 4},
        private={"source": 64 << 20, "parent": 32 << 20},
        depots=32 << 20,
        frames=frames,
        recorded=frames,
        lost=0,
        disk=disk,
    )


def test_a_claim_is_the_largest_by_the_smallest_of_the_same_round() -> None:
    curve = Curve("readers", "t", "readers", {"put": Series("a put", "µs")})
    for put in ((1, 10.0), (8, 12.0), (1, 20.0), (8, 30.0), (4, 99.0)):
        curve.at(put[0], {"put": put[1]})
    claim = curve.claim("put", "title", 1.25)
    assert list(claim.values) == [1.2, 1.5]
    assert claim.holds is False
    record = curve.as_record()
    assert record["amounts"] == [1, 4, 8]
    assert record["series"]["put"] == {
        "title": "a put",
        "unit": "µs",
        "values": [15.0, 99.0, 21.0],
        "spread": [[10.0, 20.0], [99.0, 99.0], [12.0, 30.0]],
    }


def test_what_was_not_measured_at_an_amount_is_told_as_such() -> None:
    curve = Curve("queue", "t", "jobs", {"a": Series("a", "µs"), "b": Series("b", "bytes")})
    curve.at(1000, {"a": 1.0, "b": 2.0})
    curve.at(1_000_000, {"a": 1.0})
    record = curve.as_record()
    assert record["series"]["b"]["values"] == [2.0, None]
    assert record["labels"] == ["1,000", "1,000,000"]


def test_a_channel_takes_its_part_of_what_all_processes_took() -> None:
    before, after = spent(100.0, 1.0, 30), spent(110.0, 2.0, 30 + 2 * 150, disk=2_000_000)
    found = growth_channels.figures(before, after, 2)
    assert found["cpu_source"] == pytest.approx(5.0)
    assert found["cpu"] == pytest.approx(10.0)
    assert found["machine"] == pytest.approx(20.0 / (os.cpu_count() or 1))
    assert found["frames"] == pytest.approx(100.0)
    assert found["private"] == pytest.approx(48.0)
    assert found["disk"] == pytest.approx(100.0)


def test_full_is_where_the_line_through_what_got_its_frames_meets_the_cores() -> None:
    curve = growth_channels._curve()
    cores = os.cpu_count() or 1
    for count in (1, 2, 4, 16):
        cost = 100 * (0.1 + 0.2 * count) / count
        frames, cost = (100.0, cost) if count < 16 else (60.0, cost / 3)
        figures = dict.fromkeys(curve.series, 1.0) | {
            "cpu": cost,
            "frames": frames,
            "private": 50 + 100 / count,
        }
        curve.at(count, figures)
    growth_channels.finish(curve)
    facts = curve.facts
    assert facts["channel_cores"] == pytest.approx(0.2)
    assert facts["station_cores"] == pytest.approx(0.1)
    assert facts["full_by_cost"] == pytest.approx((cores - 0.1) / 0.2)
    assert facts["full_seen"] == 16
    assert facts["station_mib"] == pytest.approx(100.0)
    assert facts["channel_mib"] == pytest.approx(50.0)
    # Judged is what had its frames.
    assert list(growth_channels.claims(curve)[0].values) == [pytest.approx(22.5 / 30)]


def test_a_machine_that_loses_frames_behind_the_sources_is_full() -> None:
    curve = growth_channels._curve()
    for count, lost in ((1, 1.0), (2, 0.0), (32, 1000.0)):
        curve.at(count, dict.fromkeys(curve.series, 1.0) | {"frames": 100.0, "lost": lost})
    assert [growth_channels.full(curve, count) for count in curve.amounts] == [False, False, True]
    growth_channels.finish(curve)
    assert curve.facts["most_channels"] == 2
    assert curve.facts["full_seen"] == 32


def test_more_channels_are_tried_until_the_machine_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def add(curve: Curve, count: int, seconds: float) -> None:
        tried.append(count)
        frames = 100.0 if count < 24 else 80.0
        curve.at(count, dict.fromkeys(curve.series, 1.0) | {"frames": frames})

    monkeypatch.setattr(growth_channels, "_add", add)
    curve, _ = growth_channels.measure((1, 16), 1.0, 2, (24, 32))
    assert tried == [1, 16, 1, 16, 24]
    assert curve.facts["full_seen"] == 24


def test_the_last_reader_of_a_frame_is_the_one_that_counts() -> None:
    found = [(0.2, {0: 10_000, 1: 50_000}), (0.4, {0: 30_000, 1: 20_000, 2: 40_000})]
    figures = growth_readers.figures([0.001, 0.001, 0.003, 0.001], found)
    assert figures == {
        "put": pytest.approx(1000.0),
        "read": pytest.approx(0.6e6 / 5),
        "share": pytest.approx(50.0),
        "last": pytest.approx(40.0),
    }


def test_a_group_of_pictures_that_is_moved_is_what_the_archive_packs() -> None:
    growth_archive._check_moved([1000, 70_000, 3])


def test_a_line_through_one_point_begins_at_nothing() -> None:
    assert line({4: 2.0}) == (0.0, 0.5)
    assert line({}) == (0.0, 0.0)
    assert line({1: 3.0, 2: 5.0}) == pytest.approx((1.0, 2.0))
    # One that lies far from the others bends nothing.
    assert line({1: 3.0, 2: 5.0, 4: 9.0, 8: 17.0, 16: 90.0}) == pytest.approx((1.0, 2.0))


@pytest.mark.long
def test_every_curve_is_measured(tmp_path: Path) -> None:
    record = quick_record("growth", tmp_path)
    assert set(record["curves"]) == CURVES
    for curve in record["curves"].values():
        assert len(curve["amounts"]) == len(curve["labels"]) == 2
        for series in curve["series"].values():
            assert None not in series["values"], series["title"]
    claims = {claim["id"]: claim for claim in record["claims"]}
    unmeasured = {name for name, claim in claims.items() if claim["measured"] is None}
    # On a machine with other load two channels may be too many.
    assert unmeasured <= {"growth_channels_cpu", "growth_channels_private"}
