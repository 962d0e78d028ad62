"""What the index promises beyond what the model asks: bounds of work, odd names and times, and refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.archive.database import Database
from rushes.archive.figures_index import blocks
from rushes.archive.index import Index
from rushes.archive.places import channel_folder
from rushes.archive.records import Gop, Sample, Segment, Span
from rushes.errors import ArchiveError, ConfigError

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
YEAR = 365 * 24 * 3600 * SECOND


def segment_at(index: Index, t_ns: int, channel: str = "door") -> Segment:
    return index.open_segment(channel, t_ns, "h264", 64, 48, 25.0)


def gop(t_ns: int, *, count: int = 10, offset: int = 1000, step: int = SECOND // 10) -> Gop:
    return Gop(offset, tuple(Sample(t_ns + at * step, at, 10, at) for at in range(count)))


def closed(index: Index, t_ns: int, seconds: int, channel: str = "door") -> Segment:
    segment = segment_at(index, t_ns, channel)
    for at in range(seconds):
        index.add_gop(segment, gop(t_ns + at * SECOND, offset=1000 + at), bytes=1000 + at)
    index.close_segment(segment.id, bytes=5000)
    return segment


def work(db: Database, ask: Callable[[], object]) -> int:
    """How many steps SQLite takes for it: a measure that no other load of the machine changes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with db.reading() as connection:
        connection.set_progress_handler(count, 1)
    try:
        ask()
    finally:
        with db.reading() as connection:
            connection.set_progress_handler(None, 1)
    return steps


def test_a_segments_place_tells_channel_day_and_hour(index: Index):
    assert (
        segment_at(index, NOW, "door 1/ä").path == "segments/door%201%2F%C3%A4/2023-11-14/22/22-13-20-1.mp4"
    )


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=20))
def test_every_channel_has_a_folder_of_its_own_that_any_disk_takes(names: list[str]):
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            return
    folders = [channel_folder(name) for name in [*names, ".", "..", "x" * 300, "x" * 301]]
    assert len(set(folders)) == len({*names, ".", "..", "x" * 300, "x" * 301})
    for folder in folders:
        assert re.fullmatch(r"[\w.~%-]{1,200}", folder, re.ASCII)
        assert folder not in (".", "..")


@pytest.mark.parametrize("name", ["", "\ud800"])
def test_names_that_cannot_be_kept_are_refused(index: Index, name: str):
    with pytest.raises(ConfigError):
        segment_at(index, NOW, name)


def test_ids_are_never_given_again(index: Index):
    first = segment_at(index, NOW)
    index.remove_segment(first.id)
    assert segment_at(index, NOW).id > first.id


def test_the_codecs_header_comes_with_the_first_group(index: Index):
    segment = segment_at(index, NOW)
    index.add_gop(segment, gop(NOW), bytes=1100, extradata=b"head")
    index.add_gop(segment, gop(NOW + SECOND, offset=1100), bytes=1200)
    found = index.segment(segment.id)
    assert found is not None
    assert (found.extradata, found.bytes, found.end_ns) == (b"head", 1200, NOW + SECOND + 9 * SECOND // 10)


def test_a_channel_nobody_recorded_is_empty(index: Index):
    assert index.floor("none", NOW) is None
    assert index.after("none", NOW) is None
    assert index.last("none") is None
    assert not index.spans("none", 0, NOW, SECOND)
    assert not index.figures_at("none", NOW)
    assert not list(index.segments("none"))
    assert not list(index.gops("none", 0, NOW))


def test_any_year_may_be_asked_for(index: Index):
    closed(index, NOW, 2)
    far = 10**21
    assert index.before("door", far) == index.last("door")
    assert index.after("door", -far) == NOW
    assert index.spans("door", -far, far, SECOND) == [Span(NOW, NOW + 19 * SECOND // 10)]
    assert index.figures_at("door", far) == []
    assert len(list(index.gops("door", -far, far))) == 2


def test_what_is_gone_is_refused(index: Index):
    segment = closed(index, NOW, 1)
    index.remove_segment(segment.id)
    for change in (
        lambda: index.add_gop(segment, gop(NOW), bytes=1),
        lambda: index.close_segment(segment.id, bytes=1),
        lambda: index.remove_segment(segment.id),
        lambda: index.drop_gops(segment.id, 0),
        lambda: index.to_cold(segment.id, "key"),
    ):
        with pytest.raises(ArchiveError, match=f"no segment {segment.id}"):
            change()
    assert index.segment(segment.id) is None


def test_the_same_group_twice_is_refused_and_changes_nothing(index: Index):
    segment = segment_at(index, NOW)
    index.add_gop(segment, gop(NOW), bytes=1100)
    with pytest.raises(ArchiveError):
        index.add_gop(segment, gop(NOW + SECOND), bytes=1200, figures=[(NOW, NOW, "[]")])
    assert index.segment(segment.id) == next(index.segments())
    assert (index.usage().bytes, index.figures_at("door", NOW)) == (1100, [])


def test_unknown_states_are_refused(index: Index):
    with pytest.raises(ConfigError):
        list(index.segments(state="half open"))


def test_a_segment_hides_what_lies_under_it_as_far_as_it_has_come(index: Index):
    closed(index, NOW, 10)
    new = index.open_segment("door", NOW + 4 * SECOND, "h264", 64, 48, 25.0, hides_from_ns=NOW + 4 * SECOND)
    assert index.last("door") == NOW + 99 * SECOND // 10
    for at in (4, 5):
        index.add_gop(new, gop(NOW + at * SECOND + SECOND // 100, offset=at), bytes=1)
    ids = []
    for moment in (3, 4.5, 5.5, 6.5):
        found = index.floor("door", NOW + round(moment * SECOND))
        assert found is not None
        ids.append(found.segment.id == new.id)
    assert ids == [False, True, True, False]
    index.remove_segment(new.id)
    found = index.floor("door", NOW + 5 * SECOND)
    assert found is not None
    assert found.segment.id != new.id
    assert len(index.spans("door", 0, 2 * NOW, SECOND)) == 1


def test_a_segment_may_hide_a_pause(index: Index):
    old = closed(index, NOW, 2)
    later = closed(index, NOW + 3 * SECOND, 2)
    new = index.open_segment("door", NOW + 10 * SECOND, "h264", 64, 48, 25.0, hides_from_ns=NOW + 2 * SECOND)
    index.add_gop(new, gop(NOW + 10 * SECOND), bytes=1)
    spans = index.spans("door", 0, 2 * NOW, SECOND)
    assert [span.start_ns for span in spans] == [old.start_ns, NOW + 10 * SECOND]
    index.remove_segment(new.id)
    spans = index.spans("door", 0, 2 * NOW, SECOND)
    assert [span.start_ns for span in spans] == [old.start_ns, later.start_ns]


def test_reading_on_while_segments_go(index: Index):
    segments = [closed(index, NOW + at * 10 * SECOND, 10) for at in range(30)]
    found = index.gops("door", 0, 2 * NOW)
    first = [next(found) for _ in range(100)]
    for each in segments[5:]:
        index.remove_segment(each.id)
    seen = [*first, *found]
    assert all(a.gop.t_ns < b.gop.t_ns for a, b in pairwise(seen))
    assert len(seen) < 300


@pytest.mark.parametrize(("start", "end"), [(NOW, NOW), (NOW, NOW + 1), (NOW - 5, NOW + YEAR), (-YEAR, 3)])
def test_a_figure_is_shown_from_its_first_to_its_last_nanosecond(index: Index, start: int, end: int):
    index.add_figures("door", start, end, "[]")
    moments = (start - 1, start, (start + end) // 2, end, end + 1)
    shown = [bool(index.figures_at("door", t_ns)) for t_ns in moments]
    assert shown == [False, True, True, True, False]


def test_figures_need_a_time(index: Index):
    with pytest.raises(ConfigError):
        index.add_figures("door", NOW, NOW - 1, "[]")


@given(st.integers(-(10**18), 4 * 10**18), st.integers(0, 3 * 10**18))
def test_a_time_takes_few_blocks_that_meet(start: int, length: int):
    found = [(block << level, block + 1 << level) for level, block in blocks(start, start + length)]
    assert found[0][0] <= start < found[0][1]
    assert found[-1][0] <= start + length < found[-1][1]
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert len(found) <= 100


def test_a_year_of_figures_does_not_slow_a_lookup(db: Database, index: Index):
    index.add_figures("door", NOW, NOW + YEAR, "long")
    few = work(db, lambda: index.figures_at("door", NOW + 5 * SECOND))
    segment = segment_at(index, NOW)
    figures = [
        (NOW + at * 100 * SECOND, NOW + at * 100 * SECOND + SECOND // 2, "short") for at in range(1000)
    ]
    index.add_gop(segment, gop(NOW), bytes=1, figures=figures)
    for at in range(100):
        index.add_figures(
            "door", NOW + at * YEAR // 100 + 60 * SECOND, NOW + (at + 1) * YEAR // 100, "middle"
        )
    assert index.figures_at("door", NOW + 5 * SECOND) == ["long"]
    assert work(db, lambda: index.figures_at("door", NOW + 5 * SECOND)) <= 2 * few


def test_more_segments_are_not_more_work(db: Database, index: Index):
    asked: tuple[Callable[[], object], ...] = (
        lambda: index.floor("door", NOW + 5 * SECOND),
        lambda: index.after("door", NOW + 15 * SECOND // 10),
        lambda: index.spans("door", NOW, NOW + YEAR, 2 * SECOND),
        lambda: list(index.segments(state="open")),
        lambda: index.oldest_closed(3),
        lambda: index.usage(),
    )
    for at in range(5):
        closed(index, NOW + at * 2 * SECOND, 2)
    few = [work(db, ask) for ask in asked]
    for at in range(5, 100):
        closed(index, NOW + at * 2 * SECOND, 2)
    assert [work(db, ask) for ask in asked] == pytest.approx(few, rel=0.2)
