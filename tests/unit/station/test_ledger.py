from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.depot import ConsumerStats, DepotStats
from rushes.station.books import Books
from rushes.station.ledger import ReaderBook, SourceCounts


def depot_stats(stored, dropped=None, consumers=()):
    dropped = dropped or {}
    offered = stored + sum(dropped.values())
    return DepotStats("d", 16, stored - 1, offered, stored, stored, 0, 0, 0, dropped, consumers)


def newest(number, counts):
    return SimpleNamespace(number=number, meta=counts.meta())


def test_before_the_first_frame_nothing_was_offered():
    edge = SourceCounts.of(None).edge("e", None, depot_stats(0))
    assert (edge.offered, edge.delivered, edge.waiting, dict(edge.dropped)) == (0, 0, 0, {})
    assert edge.adds_up


def test_every_tick_is_stored_refused_late_or_down():
    counts = SourceCounts(2, {"late": 3, "stage down": 10, "stale": 0})
    stats = depot_stats(85, {"leased": 2, "full": 0})
    edge = counts.edge("e", newest(99, counts), stats)
    assert edge.offered == 100
    assert dict(edge.dropped) == {"leased": 2, "late": 3, "stage down": 10}
    assert edge.adds_up


def test_what_is_refused_after_the_newest_frame_counts_too():
    counts = SourceCounts(2)
    stats = depot_stats(10, {"leased": 5})
    lease = newest(11, counts)
    assert counts.next_tick(lease, stats) == 15
    assert counts.edge("e", lease, stats).adds_up


def test_a_tick_that_nobody_counted_shows():
    assert not SourceCounts().edge("e", newest(10, SourceCounts()), depot_stats(10)).adds_up


def test_counts_travel_as_metadata():
    counts = SourceCounts(1, {"late": 2, "damaged": 3})
    assert SourceCounts.of(newest(0, counts)) == counts


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=1, max_size=10))
def test_a_reader_goes_on_where_its_last_process_was_known_to_be(lives):
    book, position = ReaderBook(), -1
    for seen, missed in lives:
        book.update(seen, missed)
        position += seen + missed
        assert book.position == position
        book.died()
        assert book.position == position
    edge = book.edge("e", position + 7, None)
    assert edge.adds_up
    assert edge.waiting == 7
    assert edge.delivered == sum(seen for seen, _ in lives)


def test_a_reader_that_is_known_to_be_beyond_an_older_look_at_the_depot_adds_up():
    book = ReaderBook()
    book.update(7, 2)
    edge = book.edge("e", 6, None)
    assert (edge.offered, edge.waiting) == (9, 0)
    assert edge.adds_up


def test_a_reader_the_depot_counts_differently_shows():
    book = ReaderBook()
    book.update(5, 0)
    assert book.edge("e", 9, 5).adds_up
    assert not book.edge("e", 9, 4).adds_up


def row(name, pid, seen):
    return ConsumerStats(name, seen, 0, 0, pid=pid)


def test_rows_of_dead_processes_are_history():
    books = Books(dealers=["r"])
    books.look(depot_stats(9, consumers=(row("r", 1, 9),)), {"r": 1})
    books.died("r")
    books.look(depot_stats(9, consumers=(row("r", 1, 9),)), {})
    books.look(depot_stats(12, consumers=(row("r", 1, 9), row("r", 2, 3))), {"r": 2})
    assert books.readers["r"].position == 11


def test_a_frame_is_marked_once_however_often_it_is_looked_at():
    books = Books()
    for sequence, age_s in ((0, 0.1), (0, 0.2), (1, 0.3), (0, 0.4)):
        books.mark(age_s, sequence)
    assert books.ages(whole_run=True).count == 2
    assert books.ages(whole_run=False).max == 0.3


def test_the_rate_is_of_the_last_seconds():
    books = Books()
    assert books.rate(0, 0) == 0.0
    for second in range(1, 10):
        rate = books.rate(min(second, 5) * 30, second * 10**9)
        assert rate == pytest.approx(30 if second <= 5 else 15 if second == 6 else 0)
