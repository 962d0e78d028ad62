from __future__ import annotations

import sqlite3
import threading

import numpy as np
import pytest

from rushes import Box, Depot, Frame
from rushes.archive.archive import Archive
from rushes.archive.segment import SegmentFile
from rushes.errors import ArchiveError, ConfigError, NoSuchMoment, UnknownName
from rushes.interfaces import SourceInfo
from tests.unit.archive.films import STEP, Film, S, T, record, shown, steady


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        yield archive


def at(archive, number, times, **options):
    return archive.frame_at("cam", times[number] / 1e9, **options)


def test_every_picture_comes_back_with_its_own_number_and_moment(archive):
    times = [t + (number * 7919) % 1000 for number, t in enumerate(steady(120))]
    stats = record(archive, "cam", times, segment_s=2)
    assert (stats.offered, stats.written, stats.dropped, stats.state) == (120, 120, {}, "source ended")
    assert stats.segments == 3
    for number in range(0, 120, 7):
        frame = at(archive, number, times)
        assert (frame.number, frame.captured_ns, shown(frame)) == (number, times[number], number)
        assert (frame.format, frame.channel) == ("i420", "cam")
    assert archive.spans("cam") == [(times[0], times[-1])]
    assert archive.verify().ok


def test_a_second_ago_can_be_had_while_it_is_recorded(archive):
    film = Film(steady(60), hold=55)
    recording = archive.record("cam", film)
    assert film.reached.wait(30)
    times = film.times
    assert shown(at(archive, 30, times)) == 30
    film.go_on()
    assert recording.wait(30)
    assert shown(at(archive, 59, times)) == 59


def test_what_stops_coming_can_be_had_all_the_same(archive):
    film = Film(steady(10), end="waits")
    recording = archive.record("cam", film)
    assert film.reached.wait(30)
    while recording.stats().written < 10:  # two seconds without a picture end the file
        assert threading.Event().wait(0.05) is False
    assert shown(at(archive, 9, film.times)) == 9
    assert recording.stats().state == "recording"
    recording.stop()
    film.go_on()
    assert recording.stats().state == "stopped"


@pytest.mark.parametrize(
    ("end", "state"), [("ended", "source ended"), ("lost", "source lost"), ("raises", "source lost")]
)
def test_however_a_source_ends_what_came_is_kept(archive, end, state):
    stats = record(archive, "cam", steady(30), end=end)
    assert (stats.written, stats.state) == (30, state)
    assert shown(at(archive, 29, steady(30))) == 29


def test_a_stop_does_not_wait_for_a_source_that_gives_nothing(archive):
    film = Film(steady(5), end="waits")
    recording = archive.record("cam", film)
    assert film.reached.wait(30)
    recording.stop()
    recording.stop()
    recording.close()
    assert recording.stats().written == 5
    assert recording.stats().adds_up
    assert not archive.stats().recordings
    film.go_on()


def test_a_depot_is_a_source(archive):
    times = steady(40)
    film = Film(times)
    with Depot.create(slots=8, shape=(270, 320)) as depot:
        recording = archive.record("cam", depot)
        for number, captured_ns in enumerate(times):
            while not depot.stats().consumers:
                assert threading.Event().wait(0.01) is False
            depot.put(film.frame(number, captured_ns))
            while depot.stats().consumers[0].waiting > 3:
                assert threading.Event().wait(0.001) is False
        while recording.stats().offered < 40:
            assert threading.Event().wait(0.01) is False
        recording.stop()
    assert recording.stats().written == 40
    assert [shown(at(archive, number, times)) for number in (0, 20, 39)] == [0, 20, 39]


def test_another_size_or_format_begins_another_file(archive):
    stats = record(archive, "cam", steady(30), sizes=dict.fromkeys(range(10, 20), (352, 288)))
    assert (stats.written, stats.segments) == (30, 3)
    assert at(archive, 15, steady(30)).shape == (432, 352)
    assert at(archive, 25, steady(30)).shape == (270, 320)
    assert shown(at(archive, 15, steady(30))) == 15


def test_a_picture_that_is_none_is_dropped_and_counted(archive, monkeypatch):
    film = Film(steady(30))
    good, bad = film.frame, Frame(np.zeros(9), 12, captured_ns=film.times[12], format="array")
    monkeypatch.setattr(film, "frame", lambda number, t_ns: bad if number == 12 else good(number, t_ns))
    recording = archive.record("cam", film)
    assert recording.wait(30)
    stats = recording.stats()
    assert (stats.written, stats.dropped) == (29, {"bad": 1})
    assert shown(at(archive, 12, steady(30))) == 11  # what was shown at that moment


def test_figures_of_the_pictures_are_kept_for_their_time(archive):
    box, other = Box(0.1, 0.1, 0.3, 0.3, label="cat"), Box(0.5, 0.5, 0.2, 0.2)
    record(archive, "cam", steady(60), figures={10: (box,), 12: (box, other), 30: (other,)})
    times = steady(60)
    assert at(archive, 10, times, figures=True).figures == (box,)
    assert at(archive, 11, times, figures=True).figures == (box,)
    assert at(archive, 12, times, figures=True).figures == (box, other)
    assert at(archive, 9, times, figures=True).figures == ()
    assert at(archive, 10, times).figures == ()
    plain, drawn = at(archive, 12, times).array, at(archive, 12, times, figures=True).array
    assert (plain != drawn).any()
    assert at(archive, 59, times, figures=True).figures == ()


def test_the_disk_being_behind_costs_pictures_and_no_memory(archive, monkeypatch):
    gate = threading.Event()
    write = SegmentFile.write
    monkeypatch.setattr(SegmentFile, "write", lambda *a: gate.wait(30) and write(*a))
    film = Film(steady(50), end="waits")
    recording = archive.record("cam", film, memory_bytes=10 * 320 * 270)
    assert film.reached.wait(30)
    assert recording.stats().dropped == {"memory": 40}
    assert recording.stats().adds_up
    gate.set()
    recording.stop()
    film.go_on()
    assert (recording.stats().written, recording.stats().dropped) == (10, {"memory": 40})


def test_a_clock_set_back_shows_what_was_recorded_last(archive):
    later = steady(50, T - 10 * S)
    record(archive, "cam", [*steady(300, T - 11 * S), *later])
    frame = archive.frame_at("cam", later[40] / 1e9)
    assert (frame.number, shown(frame)) == (340, 340)
    assert archive.frame_at("cam", (T - 10.5 * S) / 1e9).number == 12
    # Only what lies under the new ones gives way: a clock that was wrong once must not hide a whole archive.
    assert archive.frame_at("cam", (T - 5 * S) / 1e9).number == 150
    assert archive.spans("cam") == [(T - 11 * S, T + S - STEP)]
    assert archive.verify().ok


def test_a_clock_set_back_twice_and_over_several_files(archive):
    parts = [steady(200), steady(150, T + 3 * S + 7), steady(25, T + 4 * S + 11)]
    record(archive, "cam", [t for part in parts for t in part], segment_s=1)
    begins = [0, 200, 350]
    for t_ns in range(T, T + 9 * S, 130_000_000):
        inside = [at for at, part in enumerate(parts) if part[0] <= t_ns <= part[-1]]
        if inside:
            frame = archive.frame_at("cam", t_ns / 1e9)
            part = parts[inside[-1]]
            expected = max(n for n, t in enumerate(part) if t <= t_ns + 999)
            assert frame.number == begins[inside[-1]] + expected
            assert shown(frame) == frame.number
    assert archive.verify().ok


def test_a_clock_set_forward_leaves_a_pause(archive):
    record(archive, "cam", [*steady(25), *steady(25, T + 3600 * S)])
    assert archive.spans("cam") == [(T, T + 24 * STEP), (T + 3600 * S, T + 3600 * S + 24 * STEP)]
    with pytest.raises(NoSuchMoment) as caught:
        archive.frame_at("cam", (T + 60 * S) / 1e9)
    assert (caught.value.before_ns, caught.value.after_ns) == (T + 24 * STEP, T + 3600 * S)


def test_the_index_being_locked_loses_nothing(archive):
    film = Film(steady(120), hold=30)
    recording = archive.record("cam", film, segment_s=1)
    assert film.reached.wait(30)
    other = sqlite3.connect(archive.path / "index.sqlite", isolation_level=None)
    # The first segment's row comes before its file: without it nothing is written that could be behind.
    while not other.execute("SELECT count(*) FROM segment").fetchone()[0]:
        assert threading.Event().wait(0.01) is False
    other.execute("BEGIN IMMEDIATE")
    film.go_on()
    while recording.stats().behind < 1:
        assert threading.Event().wait(0.01) is False
    assert recording.wait(1) is False
    other.execute("ROLLBACK")
    other.close()
    assert recording.wait(30)
    stats = recording.stats()
    assert (stats.written, stats.dropped, stats.behind) == (120, {}, 0)
    assert [shown(at(archive, n, film.times)) for n in (29, 31, 90, 119)] == [29, 31, 90, 119]


def test_one_recording_of_a_channel_at_a_time(archive):
    film = Film(steady(5), end="waits")
    recording = archive.record("cam", film)
    with pytest.raises(ConfigError, match="'cam' is being recorded"):
        archive.record("cam", Film(steady(5)))
    record(archive, "other", steady(5))
    recording.stop()
    film.go_on()
    record(archive, "cam", steady(5, T + 60 * S))


@pytest.mark.parametrize("channel", ["", "a\0b", 7])
def test_a_channel_needs_a_name(archive, channel):
    with pytest.raises(ConfigError, match="name"):
        archive.record(channel, Film([]))


@pytest.mark.parametrize("channel", ["../evil", "a/b", "..", "ü " * 200, "CON", "x" * 500])
def test_any_other_name_is_one_and_stays_in_the_folder(archive, channel, tmp_path):
    record(archive, channel, steady(5))
    assert archive.channels() == [channel]
    assert archive.frame_at(channel, T / 1e9).number == 0
    assert all(each.is_relative_to(archive.path / "segments") for each in tmp_path.rglob("*.mp4"))


def test_an_address_has_to_be_opened_first(archive):
    with pytest.raises(ConfigError, match="open_source"):
        archive.record("cam", "testcard:")


def test_reading_only_refuses_to_change_anything(archive):
    record(archive, "cam", steady(5))
    with Archive(archive.path, mode="r") as reader:
        assert reader.frame_at("cam", T / 1e9).number == 0
        for change in (
            lambda: reader.record("x", Film([])),
            reader.prune,
            lambda: reader.add_figures("cam", 0, 1, []),
        ):
            with pytest.raises(ArchiveError, match="mode"):
                change()
    with pytest.raises(UnknownName, match="mode"):
        Archive(archive.path, mode="w")


def test_a_second_writer_is_told_who_the_first_one_is(archive):
    import os

    with pytest.raises(ArchiveError, match=f'process {os.getpid()}.*mode="r"'):
        Archive(archive.path)
    archive.close()
    Archive(archive.path).close()


def test_nothing_recorded_leaves_nothing(archive):
    stats = record(archive, "cam", [])
    assert (stats.offered, stats.segments) == (0, 0)
    with pytest.raises(UnknownName, match="no channel in this archive named 'cam'"):
        archive.frame_at("cam", 0)


def test_a_camera_that_is_not_there_yet_holds_nobody_up(archive):
    """Its ``info`` waits for the first opening."""
    there = threading.Event()

    class Late(Film):
        @property
        def info(self):
            assert there.wait(30), "it was waited for"
            return SourceInfo(320, 180, 25, "i420")

        @info.setter
        def info(self, value):
            pass

    recording = archive.record("late", Late(steady(10)))
    record(archive, "cam", steady(10))
    assert [each.channel for each in archive.stats().recordings] == ["late"]
    there.set()
    assert recording.wait(30)
    assert recording.stats().written == 10


def test_what_is_no_source_is_refused_and_the_name_stays_free(archive):
    with pytest.raises(ConfigError, match="cannot be recorded"):
        archive.record("cam", 7)
    record(archive, "cam", steady(5))
