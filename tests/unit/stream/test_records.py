from __future__ import annotations

import dataclasses

import pytest

from rushes.stream.records import SendResult, StreamStats


def test_a_senders_counters_add_up() -> None:
    stats = StreamStats(offered=10, sent=4, dropped={"full": 3, "stopped": 1}, waiting=2)
    assert stats.dropped_total == 4
    assert stats.adds_up


def test_a_receivers_counters_add_up() -> None:
    assert StreamStats(expected=9, delivered=4, dropped={"wire": 3, "late": 1}, waiting=1).adds_up


@pytest.mark.parametrize("wrong", [{"sent": 5}, {"waiting": 3}, {"dropped": {"full": 3}}, {"offered": 11}])
def test_one_that_lost_a_frame_does_not(wrong: dict[str, object]) -> None:
    stats = StreamStats(offered=10, sent=4, dropped={"full": 3, "stopped": 1}, waiting=2)
    assert not dataclasses.replace(stats, **wrong).adds_up  # type: ignore[arg-type]


def test_nothing_waits_less_than_nothing() -> None:
    assert not StreamStats(offered=1, sent=2, waiting=-1).adds_up


def test_refused_messages_and_duplicates_are_in_neither_sum() -> None:
    assert StreamStats(expected=1, delivered=1, refused=7, duplicates=3, peers=2, bytes=9, runs=1).adds_up


def test_records_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SendResult(True, 0).accepted = False  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        StreamStats().sent = 1  # type: ignore[misc]
    assert SendResult(True, 3).reason == ""
