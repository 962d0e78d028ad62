"""A short soak; ``scripts/soak --for 10m`` is the long one."""

from __future__ import annotations

from tests.soak.run import soak


def test_a_station_under_harm_loses_nothing_silently_and_leaves_nothing_behind() -> None:
    told: list[str] = []
    report = soak(12, seed=1, say=told.append)
    assert report.harms, told
    assert not report.wrong, "\n".join([*told, report.table()])
