from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.backlog import CATCH_UP_S, WorkBacklog, backlog_samples, workers_needed

rates = st.floats(0, 1000, allow_nan=False)


@pytest.mark.parametrize(
    ("arriving", "done", "waiting", "workers", "needed"),
    [
        (30, 30, 0, 3, 3),  # in step
        (30, 29, 10, 3, 3),  # what waits is on its way
        (30, 10, 500, 1, 4),  # 30 a second and 500 within a minute, at 10 a second each
        (30, 10, 500, 2, 8),
        (0, 10, 300, 2, 2),  # it comes to an end by itself
        (0, 10, 6000, 2, 20),
        (0, 0, 0, 5, 5),  # nothing to do
        (30, 0, 500, 3, None),  # nothing is done: nobody knows what one could do
        (0, 0, 5, 3, None),
        (30, 10, 500, 0, None),
    ],
)
def test_how_many_workers_would_keep_up(
    arriving: float, done: float, waiting: int, workers: int, needed: int | None
) -> None:
    assert workers_needed(arriving, done, waiting, workers) == needed


@given(rates, st.floats(0.5, 1000), st.integers(0, 10_000), st.integers(1, 100))
def test_so_many_do_what_arrives_and_what_waits_within_a_minute(
    arriving: float, done: float, waiting: int, workers: int
) -> None:
    needed = workers_needed(arriving, done, waiting, workers)
    assert needed is not None
    assert needed >= workers
    late = waiting - 0.5 * max(arriving, done)
    if late > 0:
        assert needed * done / workers * CATCH_UP_S >= (arriving * CATCH_UP_S + late) * (1 - 1e-6)


def test_nothing_is_said_after_one_look() -> None:
    once = WorkBacklog("faces", waiting=5, in_flight=1, oldest_age_s=0.1)
    assert once.keeps_up is None
    assert once.needed(1) is None
    twice = dataclasses.replace(once, arriving_per_s=30.0, done_per_s=30.0)
    assert twice.keeps_up
    assert twice.needed(4) == 4
    assert not dataclasses.replace(twice, waiting=500, done_per_s=10.0).keeps_up


def test_the_numbers_have_names_and_labels_as_prometheus_wants_them() -> None:
    found = [
        WorkBacklog("faces", waiting=5, in_flight=2, oldest_age_s=1.5, stuck=1, arrived=20, done=12),
        WorkBacklog("cars", waiting=0, in_flight=0, oldest_age_s=0, arrived=20, done=20),
    ]
    samples = backlog_samples("cam", found)
    values = {(each.name, each.labels["track"]): each.value for each in samples}
    assert values["rushes_work_waiting", "faces"] == 5
    assert values["rushes_work_in_flight", "faces"] == 2
    assert values["rushes_work_stuck", "faces"] == 1
    assert values["rushes_work_oldest_age_seconds", "faces"] == 1.5
    assert values["rushes_work_arrived_total", "cars"] == values["rushes_work_done_total", "cars"] == 20
    assert len(values) == len(samples) == 12
    assert {each.labels["stream"] for each in samples} == {"cam"}
    assert all((each.kind == "counter") == each.name.endswith("_total") for each in samples)
