"""The records a depot answers with: their sums, their truth, and that nobody can change them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.depot.records import ConsumerStats, DepotInfo, DepotStats, LeaseInfo, PutResult

SOUND = DepotStats(
    name="gate",
    slots=4,
    head=13,
    offered=20,
    stored=14,
    held=4,
    evicted=5,
    spilled=3,
    cleared=2,
    dropped={"full": 4, "leased": 2},
    consumers=(ConsumerStats("archive", 10, 1, 3),),
)
RECORDS = [SOUND, SOUND.consumers[0], LeaseInfo(3, "viewer", 4711, 1, 0.5), DepotInfo("gate", pids=(4711,))]

counts = st.integers(0, 10**6)


# -- the answer to a put


def test_a_stored_frame_is_true_also_when_it_is_the_first() -> None:
    first = PutResult(True, 0, 0)
    assert first
    assert (first.evicted, first.reason) == (None, None)


def test_a_dropped_frame_is_false_though_its_tuple_is_not_empty() -> None:
    dropped = PutResult(False, -1, 7, reason="leased")
    assert not dropped
    assert len(dropped) == 5
    assert (dropped.sequence, dropped.number, dropped.evicted, dropped.reason) == (-1, 7, None, "leased")


def test_the_answers_order_is_that_of_its_documentation() -> None:
    assert PutResult._fields == ("stored", "sequence", "number", "evicted", "reason")
    stored, sequence, number, evicted, reason = PutResult(True, 5, 9, 1)
    assert (stored, sequence, number, evicted, reason) == (True, 5, 9, 1, None)


def test_the_answer_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PutResult(True, 0, 0).stored = False  # type: ignore[misc]


# -- the ledgers


@given(counts, counts, counts)
def test_a_consumers_published_is_seen_missed_and_waiting(seen: int, missed: int, waiting: int) -> None:
    assert ConsumerStats("reader", seen, missed, waiting).published == seen + missed + waiting


@given(
    counts, counts, counts, counts, st.dictionaries(st.sampled_from(["full", "leased", "timeout"]), counts)
)
def test_a_ledger_that_adds_up_says_so(
    held: int, evicted: int, spilled: int, cleared: int, dropped: dict[str, int]
) -> None:
    stored = held + evicted + spilled + cleared
    offered = stored + sum(dropped.values())
    stats = DepotStats("gate", 4, stored - 1, offered, stored, held, evicted, spilled, cleared, dropped)
    assert stats.adds_up


@pytest.mark.parametrize("part", ["offered", "stored", "held", "evicted", "spilled", "cleared"])
@pytest.mark.parametrize("off", [-1, 1])
def test_one_frame_too_many_or_too_few_is_seen(part: str, off: int) -> None:
    assert SOUND.adds_up
    wrong: dict[str, Any] = {part: getattr(SOUND, part) + off}
    assert not replace(SOUND, **wrong).adds_up


@pytest.mark.parametrize("dropped", [{}, {"full": 4}, {"full": 4, "leased": 2, "timeout": 1}])
def test_a_drop_too_many_or_too_few_is_seen(dropped: dict[str, int]) -> None:
    assert not replace(SOUND, dropped=dropped).adds_up


def test_an_empty_depot_adds_up_and_its_reasons_read_as_zero() -> None:
    empty = DepotStats("gate", 4, -1, 0, 0, 0, 0, 0, 0)
    other = DepotStats("yard", 4, -1, 0, 0, 0, 0, 0, 0)
    assert empty.adds_up
    assert empty.dropped["full"] == 0
    assert empty.dropped is not other.dropped
    assert (empty.consumers, empty.reclaimed_leases, empty.reclaimed_slots, empty.dead_lock_owners) == (
        (),
        0,
        0,
        0,
    )


# -- a depot from outside


def test_a_depot_lives_while_any_process_uses_it() -> None:
    assert not DepotInfo("gate").alive
    assert DepotInfo("gate", pids=(4711,)).alive
    assert not DepotInfo("gate", trouble="no magic").alive


# -- all of them


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_cannot_be_changed(record: Any) -> None:
    for each in fields(record):
        with pytest.raises(FrozenInstanceError):
            setattr(record, each.name, 1)
    # Slots refuse the unknown name too, by the error of the Python version.
    with pytest.raises((AttributeError, TypeError)):
        record.something_else = 1


@pytest.mark.parametrize(
    "record", [*RECORDS, PutResult(True, 5, 9, 1)], ids=lambda record: type(record).__name__
)
def test_records_cross_processes_whole(record: Any) -> None:
    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.copy(record) == record
