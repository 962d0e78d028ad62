from __future__ import annotations

import pytest

from rushes.archive.archive import Archive
from rushes.errors import ArchiveCorrupt, NoSuchMoment
from tests.unit.archive.films import STEP, Film, S, T, record, steady


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        record(archive, "cam", steady(100), segment_s=1)
        record(archive, "door", steady(30))
        yield archive


def files(archive, channel="cam"):
    return sorted((archive.path / "segments" / channel).rglob("*.mp4"))


def name(archive, file):
    return str(file.relative_to(archive.path))


def test_all_is_well(archive):
    seen = []
    report = archive.verify(progress=lambda done, total: seen.append((done, total)))
    assert report.ok
    assert report.segments == 5
    assert seen == [(n, 5) for n in range(1, 6)]


def asked(archive, numbers):
    return (archive.frame_at("cam", (T + number * STEP) / 1e9) for number in numbers)


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def zero(file):
    file.write_bytes(bytes(file.stat().st_size))


def truncate(file):
    file.write_bytes(file.read_bytes()[:-2000])


@pytest.mark.parametrize("harm", [flip, zero, truncate])
def test_a_damaged_file_is_told_and_the_others_are_served(archive, harm):
    bad = files(archive)[1]
    harm(bad)
    report = archive.verify()
    assert (report.ok, report.damaged) == (False, (name(archive, bad),))
    assert (report.missing, report.orphans) == ((), ())
    assert archive.frame_at("cam", (T + 10 * STEP) / 1e9).number == 10
    assert archive.frame_at("cam", (T + 80 * STEP) / 1e9).number == 80
    with pytest.raises(ArchiveCorrupt) as caught:
        list(asked(archive, range(25, 50)))
    assert caught.value.path == name(archive, bad)


def test_a_replaced_file_is_damaged(archive):
    first, second = files(archive)[:2]
    second.write_bytes(first.read_bytes())
    assert archive.verify().damaged == (name(archive, second),)
    with pytest.raises(ArchiveCorrupt):
        archive.frame_at("cam", (T + 49 * STEP) / 1e9)


def test_looking_quickly_sees_sizes_alone(archive):
    flip(files(archive)[0])
    assert archive.verify(deep=False).ok
    truncate(files(archive)[1])
    assert archive.verify(deep=False).damaged == (name(archive, files(archive)[1]),)


def test_missing_and_orphan_files(archive):
    gone = files(archive)[2]
    stray = archive.path / "segments" / "cam" / "stray.mp4"
    gone.rename(stray)
    report = archive.verify()
    assert (report.missing, report.orphans) == ((name(archive, gone),), (name(archive, stray),))
    with pytest.raises(ArchiveCorrupt):
        archive.frame_at("cam", (T + 60 * STEP) / 1e9)
    assert archive.frame_at("cam", (T + 10 * STEP) / 1e9).number == 10


def test_while_it_is_recorded_and_pruned(archive):
    film = Film(steady(40, T + 20 * S), hold=30)
    recording = archive.record("cam", film)
    assert film.reached.wait(30)
    oldest = archive._index.oldest_closed(1)[0]
    report = archive.verify(
        progress=lambda done, total: (
            done == 1 and archive._index.segment(oldest.id) and remove(archive, oldest)
        )
    )
    assert report.ok
    film.go_on()
    recording.stop()
    assert archive.verify().ok


def remove(archive, segment):
    (archive.path / archive._index.remove_segment(segment.id)).unlink()


def test_a_pruned_moment_is_none(archive):
    for segment in archive._index.oldest_closed(2):
        remove(archive, segment)
    with pytest.raises(NoSuchMoment) as caught:
        archive.frame_at("cam", T / 1e9)
    assert caught.value.after_ns == T + 50 * STEP
