"""What opening an archive mends, by what a crash, or a loss of power, may have left."""

from __future__ import annotations

import shutil

import pytest

from rushes.archive.archive import Archive
from rushes.archive.index import Index
from rushes.errors import ArchiveCorrupt
from tests.unit.archive.films import STEP, Film, S, T, record, shown, steady


@pytest.fixture
def crashed(tmp_path, monkeypatch):
    """An archive of 100 pictures in one file whose row was left open, and its file."""
    with monkeypatch.context() as patched:
        patched.setattr(Index, "close_segment", lambda *args, **options: None)
        with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
            record(archive, "cam", steady(100))
    (file,) = (tmp_path / "archive").rglob("*.mp4")
    return tmp_path / "archive", file


def reopened(folder):
    return Archive(folder, min_free_bytes=0)


def numbers(archive, count=100):
    """Which pictures can be had, by asking for each of them."""
    (span,) = archive.spans("cam")
    return [
        shown(archive.frame_at("cam", t_ns / 1e9))
        for t_ns in range(T, T + count * STEP, STEP)
        if span.start_ns <= t_ns <= span.end_ns
    ]


def test_a_file_that_is_whole_is_closed_and_loses_nothing(crashed):
    folder, file = crashed
    size = file.stat().st_size
    with reopened(folder) as archive:
        assert (archive.recovered.segments, archive.recovered.gops_added, archive.recovered.gops_dropped) == (
            1,
            0,
            0,
        )
        assert numbers(archive) == list(range(100))
        assert archive.verify().ok
        (segment,) = archive._index.segments()
        assert (segment.state, segment.bytes) == ("closed", file.stat().st_size)
    assert file.stat().st_size <= size
    with reopened(folder) as archive:
        assert archive.recovered.segments == 0


@pytest.mark.parametrize("cut", [1, 1000, 20_000])
def test_a_file_that_lost_its_end_keeps_its_whole_groups(crashed, cut):
    folder, file = crashed
    with Archive(folder, mode="r") as before:
        gops = [
            found.gop
            for segment in before._index.segments()
            for found in before._index.segment_gops(segment.id)
        ]
    end = gops[-1].offset + gops[-1].length
    with open(file, "rb+") as raw:
        raw.truncate(end - cut)
    kept = [gop for gop in gops if gop.offset + gop.length <= end - cut]
    with reopened(folder) as archive:
        assert archive.recovered.gops_dropped == len(gops) - len(kept) > 0
        assert numbers(archive) == list(range(25 * len(kept)))
        assert archive.verify().ok
        assert file.stat().st_size == kept[-1].offset + kept[-1].length


def test_groups_that_the_index_never_heard_of_are_found(crashed):
    folder, _ = crashed
    with reopened(folder) as archive:
        (segment,) = archive._index.segments()
        gops = [found.gop for found in archive._index.segment_gops(segment.id)]
        archive._index.drop_gops(segment.id, gops[2].offset)
        with archive._index._db.writing() as connection:
            connection.execute("UPDATE segment SET state = 'open'")
    with reopened(folder) as archive:
        assert archive.recovered.gops_added == 2
        assert numbers(archive) == list(range(100))
        # Numbers were in the index alone, and moments in the file are ticks of 1/90000 s.
        frame = archive.frame_at("cam", (T + 80 * STEP) / 1e9 + 1e-5)
        assert frame.number is None
        assert abs(frame.captured_ns - (T + 80 * STEP)) < 12_000
        assert archive.verify().ok


def test_what_is_behind_the_last_group_is_cut_off(crashed):
    folder, file = crashed
    with open(file, "ab") as raw:
        raw.write(b"\0\0\1\0moof" + bytes(5000))
    with reopened(folder) as archive:
        assert archive.recovered.bytes_cut >= 5000
        assert numbers(archive) == list(range(100))
        assert archive.verify().ok


def test_a_file_that_is_gone_takes_its_rows_along(crashed):
    folder, file = crashed
    file.unlink()
    with reopened(folder) as archive:
        assert (archive.recovered.segments, archive.recovered.removed) == (1, 1)
        assert archive.spans("cam") == []
        assert archive.verify().ok


@pytest.mark.parametrize("content", [b"", b"\0" * 200_000, b"garbage" * 999])
def test_a_file_of_something_else_is_removed(crashed, content):
    folder, file = crashed
    file.write_bytes(content)
    with reopened(folder) as archive:
        assert archive.recovered.removed == 1
        assert archive.verify().ok
    assert not file.exists()


def test_damage_in_the_middle_of_an_open_file_costs_that_group_alone(crashed):
    folder, file = crashed
    with Archive(folder, mode="r") as before:
        gops = [
            found.gop
            for segment in before._index.segments()
            for found in before._index.segment_gops(segment.id)
        ]
    with open(file, "rb+") as raw:
        raw.seek(gops[1].offset + 50)
        raw.write(bytes(500))
    with reopened(folder) as archive:
        assert shown(archive.frame_at("cam", (T + 99 * STEP) / 1e9)) == 99
        with pytest.raises(ArchiveCorrupt, match="damaged"):
            archive.frame_at("cam", (T + 30 * STEP) / 1e9)
        assert archive.verify().damaged == (str(file.relative_to(folder)),)


def test_recording_goes_on_after_a_crash(crashed):
    folder, _ = crashed
    with reopened(folder) as archive:
        record(archive, "cam", steady(50, T + 10 * S))
        assert archive.spans("cam") == [(T, T + 99 * STEP), (T + 10 * S, T + 10 * S + 49 * STEP)]


def test_reading_needs_no_recovery(crashed):
    folder, _ = crashed
    with Archive(folder, mode="r") as reader:
        assert shown(reader.frame_at("cam", (T + 99 * STEP) / 1e9)) == 99
        assert reader.recovered is None


def test_an_open_file_that_cannot_be_read_stays_open_for_the_next_time(crashed, monkeypatch):
    folder, file = crashed
    shutil.move(file, file.with_suffix(".away"))
    file.mkdir()
    with reopened(folder) as archive:
        assert [segment.state for segment in archive._index.segments()] == ["open"]
    file.rmdir()
    shutil.move(file.with_suffix(".away"), file)
    with reopened(folder) as archive:
        assert archive.recovered.segments == 1
        assert numbers(archive) == list(range(100))


def test_a_recording_under_way_is_nobody_elses_to_mend(tmp_path):
    film = Film(steady(30), end="waits")
    with reopened(tmp_path) as archive:
        recording = archive.record("cam", film)
        assert film.reached.wait(30)
        with Archive(tmp_path, mode="r") as reader:
            assert reader.recovered is None
        recording.stop()
        film.go_on()
        assert numbers(archive, 30) == list(range(30))
