from __future__ import annotations

import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rushes.metrics import Edge, EdgeStats, LatencyMarks, LatencySummary, ledger_table


class QueueModel(RuleBasedStateMachine):
    """A queue that counts at its edge must add up after every step, against its own length."""

    def __init__(self) -> None:
        super().__init__()
        self.edge = Edge("queue", limit=4)
        self.queue: list[int] = []
        self.seen = 0

    @rule(count=st.integers(1, 5))
    def offer(self, count: int) -> None:
        self.edge.offer(count)
        for _ in range(count):
            if len(self.queue) == 4:
                self.edge.drop("full")
            else:
                self.queue.append(self.seen)
            self.seen += 1

    @rule(count=st.integers(1, 5))
    def deliver(self, count: int) -> None:
        taken = min(count, len(self.queue))
        del self.queue[:taken]
        self.edge.deliver(taken)

    @rule()
    def clear(self) -> None:
        self.edge.drop("cleared", len(self.queue))
        self.queue.clear()

    @invariant()
    def adds_up(self) -> None:
        measured, derived = self.edge.stats(waiting=len(self.queue)), self.edge.stats()
        assert measured.adds_up
        assert measured == derived
        assert measured.offered == self.seen


TestQueueModel = QueueModel.TestCase


@given(
    st.integers(0, 50),
    st.integers(0, 50),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    st.integers(-5, 99),
)
def test_adds_up_exactly_when_the_sum_is_right(offered, delivered, dropped, waiting):
    stats = EdgeStats("e", offered, delivered, dropped, waiting)
    assert stats.adds_up == (waiting >= 0 and offered - delivered - sum(dropped.values()) - waiting == 0)


def test_a_forgotten_outcome_is_seen():
    edge = Edge("e")
    edge.offer(3)
    edge.deliver()
    assert edge.stats().waiting == 2
    assert not edge.stats(waiting=1).adds_up
    edge.deliver(5)
    assert not edge.stats().adds_up


def test_a_snapshot_stays_as_it_was_and_travels():
    edge = Edge("e", limit=8)
    edge.offer(2)
    edge.drop("stale")
    stats = edge.stats()
    edge.drop("stale")
    assert stats == EdgeStats("e", 2, 0, {"stale": 1}, 1, 8)
    assert pickle.loads(pickle.dumps(stats)) == stats
    with pytest.raises(AttributeError):
        stats.offered = 3  # type: ignore[misc]


def test_threads_lose_no_count():
    edge = Edge("e")
    done = threading.Event()
    torn: list[EdgeStats] = []

    def count() -> None:
        for _ in range(2000):
            edge.offer()
            edge.drop("full")
            edge.offer()
            edge.deliver()

    def watch() -> None:
        while not done.is_set():
            stats = edge.stats()
            if not (stats.adds_up and stats.waiting <= 3):
                torn.append(stats)

    threads = [threading.Thread(target=count, daemon=True) for _ in range(3)]
    watcher = threading.Thread(target=watch, daemon=True)
    for each in (watcher, *threads):
        each.start()
    for each in threads:
        each.join(60)
    done.set()
    watcher.join(60)
    assert torn == []
    assert edge.stats() == EdgeStats("e", 12000, 6000, {"full": 6000}, 0)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=120))
def test_percentiles_are_the_smallest_value_that_enough_others_do_not_exceed(values):
    marks = LatencyMarks(keep=50)
    for each in values:
        marks.mark(float(each))
    kept = sorted(values[-50:])
    summary = marks.summary()
    assert summary.count == len(values)
    assert summary.max == kept[-1]
    for percent, got in ((50, summary.p50), (95, summary.p95), (99, summary.p99)):
        assert got == next(v for v in kept if sum(w <= v for w in kept) * 100 >= percent * len(kept))


def test_no_marks_are_all_zero():
    assert LatencyMarks().summary() == LatencySummary()


def test_ledger_rows():
    edges = [
        EdgeStats("cam → depot", 10, 7, {"stale": 1, "full": 2}, 0),
        EdgeStats("queue", 5, 1, {}, 3, 8),
    ]
    assert ledger_table(edges) == [
        ("edge", "offered", "delivered", "dropped", "waiting", "adds up"),
        ("cam → depot", "10", "7", "3 (full 2, stale 1)", "0", "yes"),
        ("queue", "5", "1", "0", "3 of 8", "NO"),
    ]
