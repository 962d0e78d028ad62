"""When figures were shown: in few spans, at a cost that does not grow with their number."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.archive import Archive, figures_index
from rushes.archive.database import Connection, Database
from rushes.archive.index import Index
from rushes.archive.records import FigureSpan
from rushes.errors import ArchiveCorrupt, ConfigError, UnknownName
from rushes.figures import Box, Line, to_plain

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
BOX, LINE = Box(0.1, 0.1, 0.5, 0.5, label="dog"), Line(((0.0, 0.0), (1.0, 1.0)))


def add(index: Index, start: float, end: float, *figures: object) -> None:
    text = json.dumps([to_plain(each) for each in figures or (BOX,)])  # type: ignore[arg-type]
    index.add_figures("cam", NOW + round(start * SECOND), NOW + round(end * SECOND), text)


def between(index: Index, start: float, end: float, n: int = 500) -> list[FigureSpan]:
    return index.figures_between("cam", NOW + round(start * SECOND), NOW + round(end * SECOND), n)


def seconds(spans: list[FigureSpan]) -> list[tuple[float, float]]:
    return [((each.start_ns - NOW) / SECOND, (each.end_ns - NOW) / SECOND) for each in spans]


def test_a_span_tells_from_when_to_when_and_how_many_at_once(index: Index) -> None:
    assert between(index, 0, 100) == []
    add(index, 10, 12, BOX, BOX)
    add(index, 12.000001, 14, BOX, LINE, LINE)
    add(index, 50, 51, LINE)
    first, second = between(index, 0, 100)
    assert seconds([first, second]) == [(10, 14), (50, 51)]
    assert (first.count, first.kinds) == (3, {"box": 2, "line": 2})
    assert first.figures == (BOX, LINE, LINE)
    assert (second.count, second.kinds, second.figures) == (1, {"line": 1}, (LINE,))
    assert index.figures_between("other", NOW, NOW + SECOND, 5) == []


def test_what_is_shown_at_the_same_time_is_counted_together(index: Index) -> None:
    add(index, 0, 3600, LINE)
    add(index, 10, 12, BOX, BOX)
    (span,) = between(index, 5, 20)
    assert (seconds([span]), span.count, span.kinds) == ([(5, 20)], 3, {"line": 1, "box": 2})
    ((begin, end),) = seconds(between(index, 5, 4000))
    assert begin == 5
    assert end == pytest.approx(3600, abs=8)


def test_one_moment_gives_what_is_shown_then(index: Index) -> None:
    add(index, 10, 12, BOX)
    assert [each.figures for each in between(index, 11, 11)] == [(BOX,)]
    assert between(index, 13, 13) == []


def test_what_begins_before_the_one_that_ends_first_is_not_left_out(index: Index) -> None:
    add(index, 20, 90, LINE)
    add(index, 60, 61, BOX)
    ((begin, end),) = seconds(between(index, 0, 100))
    assert begin == 20
    assert end == pytest.approx(90, abs=0.3)
    assert seconds(between(index, 0, 30)) == [(20, 30)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), max_size=12),
    st.integers(0, 100),
    st.integers(0, 400),
    st.integers(1, 40),
)
def test_spans_cover_what_is_shown_up_to_a_step(
    tmp_path_factory: pytest.TempPathFactory, shown: list[tuple[int, int]], start: int, length: int, n: int
) -> None:
    db = Database(tmp_path_factory.mktemp("model"))
    try:
        index = Index(db)
        for begin, lasts in shown:
            add(index, begin, begin + lasts)
        end, step = start + length, length / n + 1e-6
        spans = seconds(between(index, start, end, n))
    finally:
        db.close()
    assert len(spans) <= n
    assert all(start <= a <= b <= end for a, b in spans)
    assert all(b < c for (_, b), (c, _) in pairwise(spans))
    inside = [(a, a + lasts) for a, lasts in shown if a <= end and a + lasts >= start]
    assert bool(inside) == bool(spans)
    for a, b in inside:
        assert any(c - step <= max(a, start) and min(b, end) <= d + step for c, d in spans)
    for c, d in spans:  # and each begins and ends where something is shown
        assert any(a <= c <= b for a, b in inside)
        assert any(a <= d <= b for a, b in inside)


def test_no_more_moments_are_looked_at_than_were_asked_for(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    look = figures_index._shown

    def counted(connection: Connection, channel_id: int, t_ns: int) -> list[tuple[int, int, str]]:
        looked.append(t_ns)
        return look(connection, channel_id, t_ns)

    monkeypatch.setattr(figures_index, "_shown", counted)
    for at in range(0, 300, 3):
        add(index, at, at + 1)
    assert len(between(index, 0, 300, 400)) == 100
    looked.clear()
    between(index, 0, 300, 20)
    assert 20 <= len(looked) <= 40


def test_more_figures_are_not_more_work(db: Database, index: Index) -> None:
    def work(ask: Callable[[], object]) -> int:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        with db.reading() as connection:
            connection.set_progress_handler(count, 10)
        try:
            ask()
        finally:
            with db.reading() as connection:
                connection.set_progress_handler(None, 0)
        return steps

    for at in range(100):
        add(index, at, at + 0.9)
    few = work(lambda: between(index, 0, 100, 20))
    for at in range(100, 3000):
        add(index, at, at + 0.9)
    assert work(lambda: between(index, 0, 100, 20)) <= 1.5 * few
    assert work(lambda: between(index, 0, 3000, 20)) <= 1.5 * few


def test_the_archive_answers_for_channels_that_it_knows(tmp_path: Path) -> None:
    with Archive(tmp_path, min_free_bytes=0) as archive:
        archive._index.channel("cam")
        archive.add_figures("cam", 1000.0, 1002.5, [BOX, LINE])
        (span,) = archive.figures_between("cam", 0.0, 2000.0, 50)
        assert (span.start_ns, span.end_ns // 1000) == (1000 * SECOND, 1002_500_000)
        assert span.figures == (BOX, LINE)
        with pytest.raises(UnknownName):
            archive.figures_between("door", 0.0, 1.0)
        with pytest.raises(ConfigError, match="n must"):
            archive.figures_between("cam", 0.0, 1.0, 0)
        archive._index.add_figures("cam", 5 * SECOND, 5 * SECOND, '[{"kind": "ghost"}]')
        with pytest.raises(ArchiveCorrupt, match="ghost"):
            archive.figures_between("cam", 5.0, 5.0)
