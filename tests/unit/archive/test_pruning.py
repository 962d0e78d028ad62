"""Room is made before there is none, whatever the disk, a reader or another thread does meanwhile."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from rushes.archive import garbage
from rushes.archive.cold import ColdStore
from rushes.archive.database import Database, IndexBusy
from rushes.archive.garbage import Left, sweep
from rushes.archive.pruning import Pruner
from rushes.archive.records import PruneReport
from rushes.archive.retention import Limits
from rushes.errors import ArchiveError, ArchiveFull
from rushes.testing import ManualClock
from tests.support.small_archive import SECOND, SIZE, START, SmallArchive, content

pytest.importorskip("obstore", reason="the extra s3 is not installed")


@pytest.fixture
def archive(tmp_path):
    with SmallArchive(tmp_path / "archive") as made:
        yield made


def pruner(archive, *, cold=None, clock=None, **limits):
    return Pruner(archive.root, archive.index, Limits(**limits), clock or ManualClock(), cold)


class Unreachable(ColdStore):
    """A store that was there once."""

    tried = 0

    def put(self, key, path):
        self.tried += 1
        raise ArchiveError(f"memory:// cannot take {key}")


def left(archive):
    return [segment.path for segment in archive.index.segments()]


def test_room_is_made_by_the_oldest_of_all_channels_and_never_by_what_is_being_written(archive):
    being_written = archive.add(0, close=False)
    made = [archive.add(minute, channel=f"c{minute % 2}") for minute in range(1, 7)]
    work = pruner(archive, max_bytes=7 * SIZE)
    assert work.has_room(0)
    assert not work.has_room(1)

    assert work.make_room(2 * SIZE) == PruneReport(removed=2, freed_bytes=2 * SIZE)
    assert left(archive) == archive_paths(being_written, *made[2:])
    assert archive.files() == sorted(left(archive))
    assert archive.index.garbage() == []
    assert work.make_room(2 * SIZE) == PruneReport()

    with pytest.raises(ArchiveFull, match="max_bytes") as caught:
        work.make_room(7 * SIZE)
    assert caught.value.needed_bytes == 7 * SIZE
    assert left(archive) == archive_paths(being_written)


def archive_paths(*segments):
    return [segment.path for segment in segments]


def test_more_than_one_batch_goes_when_it_must(archive):
    for minute in range(150):
        archive.add(minute)
    assert pruner(archive, max_bytes=10 * SIZE).prune().removed == 140
    assert len(archive.files()) == 10


def test_what_the_disk_must_keep_free_counts_as_well(archive):
    for minute in range(3):
        archive.add(minute)
    disk = os.statvfs(archive.root)
    work = pruner(archive, min_free_bytes=disk.f_blocks * disk.f_frsize * 2)
    with pytest.raises(ArchiveFull):
        work.make_room(1)
    assert left(archive) == []


def test_age_ends_recordings_but_not_by_a_clock_that_jumped(archive):
    clock = ManualClock(START)
    work = pruner(archive, clock=clock, max_age_s=3600)
    for minute in range(0, 180, 60):
        archive.add(minute)
    clock.advance(3700)
    assert work.prune() == PruneReport(removed=1, freed_bytes=SIZE)
    clock.set_wall(START + 10**9 * SECOND)
    assert work.prune() == PruneReport()
    clock.advance(3600)
    assert work.prune() == PruneReport(removed=1, freed_bytes=SIZE)
    assert len(left(archive)) == 1


def test_a_channel_that_is_kept_for_less_goes_sooner(archive):
    clock = ManualClock(START)
    for minute in range(0, 180, 60):
        for channel in ("door", "hall"):
            archive.add(minute, channel=channel)
    clock.advance(3700)
    report = pruner(archive, clock=clock, keep_s={"door": 1800.0}).prune()
    assert report == PruneReport(removed=1, freed_bytes=SIZE)
    assert [each.channel for each in archive.index.segments()].count("hall") == 3


def test_who_reads_a_file_reads_on_and_no_more_goes_for_it(archive):
    first = archive.add(0)
    archive.add(1)
    archive.add(2)
    with open(archive.root / first.path, "rb") as reader:
        assert pruner(archive, max_bytes=2 * SIZE).prune().removed == 1
        assert not (archive.root / first.path).exists()
        assert reader.read() == content(0)


def test_a_file_that_is_gone_or_cannot_be_deleted_is_no_harm(archive, caplog):
    gone, refused, *_ = [archive.add(minute) for minute in range(4)]
    (archive.root / gone.path).unlink()
    (archive.root / refused.path).unlink()
    (archive.root / refused.path).mkdir()  # nobody can unlink a folder, root included
    work = pruner(archive, max_bytes=2 * SIZE)
    assert work.prune().removed == 2
    assert archive.index.garbage() == [refused.path]
    assert refused.path in caplog.text

    (archive.root / refused.path).rmdir()
    (archive.root / refused.path).write_bytes(b"now it can")
    assert work.prune() == PruneReport()
    assert archive.index.garbage() == []
    assert len(archive.files()) == 2


def test_where_nothing_can_be_deleted_no_recordings_are_lost_for_it(archive):
    for minute in range(20):
        segment = archive.add(minute)
        (archive.root / segment.path).unlink()
        (archive.root / segment.path).mkdir()
    work = pruner(archive, max_bytes=SIZE)
    for _ in range(3):
        work.prune()
        with pytest.raises(ArchiveFull):
            work.make_room(SIZE)
    assert len(left(archive)) == 17


def test_another_process_in_the_index_delays_the_room_and_ends_nothing(archive):
    for minute in range(3):
        archive.add(minute)
    other = Database(archive.root)
    work = pruner(archive, max_bytes=2 * SIZE)
    try:
        with other.writing():
            assert work.make_room(0) == PruneReport()
            with pytest.raises(IndexBusy):
                work.prune()
    finally:
        other.close()
    assert work.make_room(0).removed == 1


def test_folders_of_hours_that_are_over_go_when_they_are_empty(archive):
    clock = ManualClock(START + 2 * 86400 * SECOND)
    for minute in (0, 1500, 2 * 1440 - 1):  # two days ago, yesterday, and right now
        archive.add(minute)
    pruner(archive, clock=clock, max_bytes=1).prune()
    place = archive.root / "segments" / "gate"
    now = Path(archive.add(2 * 1440).path).parent
    assert [each.name for each in sorted(place.rglob("*")) if each.is_dir()] == [now.parent.name, now.name]


def test_with_a_cold_store_the_oldest_move_there_instead(archive):
    cold = ColdStore("memory://")
    moved = [archive.add(minute) for minute in range(4)]
    work = pruner(archive, cold=cold, max_bytes=2 * SIZE)
    assert work.make_room(0) == PruneReport(removed=2, freed_bytes=2 * SIZE, moved=2)
    usage = archive.index.usage()
    assert (usage.segments, usage.cold_segments, usage.cold_bytes) == (2, 2, 2 * SIZE)
    assert archive.files() == sorted(archive_paths(*moved[2:]))
    archive.check(cold)


def test_before_there_is_want_of_room_some_move_ahead(archive):
    cold = ColdStore("memory://")
    for minute in range(16):
        archive.add(minute)
    work = pruner(archive, cold=cold, max_bytes=16 * SIZE)
    assert work.prune() == PruneReport()
    assert work.move_ahead() == PruneReport(removed=2, freed_bytes=2 * SIZE, moved=2)
    assert work.move_ahead() == PruneReport()
    archive.check(cold)


def test_an_unreachable_store_costs_recordings_only_when_the_limit_would_be_broken(archive, caplog):
    cold, clock = Unreachable("memory://"), ManualClock()
    for minute in range(4):
        archive.add(minute)
    work = pruner(archive, cold=cold, clock=clock, max_bytes=4 * SIZE)
    with caplog.at_level(logging.WARNING):
        assert work.prune() == work.move_ahead() == PruneReport()
        assert cold.tried == 1
        clock.advance(61)
        assert work.make_room(2 * SIZE) == PruneReport(removed=2, freed_bytes=2 * SIZE)
    assert cold.tried == 2  # nobody waits for it again at once
    assert caplog.text.count("was deleted for want of room") == 2
    clock.advance(61)
    work.make_room(3 * SIZE)
    assert cold.tried == 3
    assert archive.index.usage().cold_segments == 0


def test_age_ends_what_lies_in_the_cold_store(archive):
    cold, clock = ColdStore("memory://"), ManualClock(START)
    first = archive.add(0)
    archive.add(120)
    work = pruner(archive, cold=cold, clock=clock, max_bytes=SIZE, max_age_s=3600)
    work.prune()
    assert cold.exists(first.path)
    clock.advance(3700)
    assert work.prune() == PruneReport(removed=1, freed_bytes=SIZE)
    assert not cold.exists(first.path)
    assert archive.index.cold_garbage() == []


def test_a_store_that_is_gone_is_asked_once_a_minute_to_delete(archive, monkeypatch):
    cold, clock, asked = ColdStore("memory://"), ManualClock(START + 3600 * SECOND), list[str]()

    def gone(key):
        asked.append(key)
        raise ArchiveError("nobody there")

    for minute in range(5):
        segment = archive.add(minute)
        cold.put(segment.path, archive.root / segment.path)
        archive.index.to_cold(segment.id, segment.path)
    work = pruner(archive, cold=cold, clock=clock, max_age_s=60)
    with monkeypatch.context() as patched:
        patched.setattr(cold, "delete", gone)
        assert work.prune().removed == 5
        assert work.prune().removed == 0
        assert len(asked) == 1
        assert len(archive.index.cold_garbage()) == 5
        clock.advance(61)
        work.prune()
        work.prune()
        assert len(asked) == 2
    clock.advance(61)
    work.prune()
    assert archive.index.cold_garbage() == []
    assert not cold.exists(segment.path)


def test_without_the_store_at_hand_what_lies_in_it_stays_known(archive):
    segment = archive.add(0)
    archive.index.to_cold(segment.id, segment.path)
    assert pruner(archive, clock=ManualClock(START + 10**6 * SECOND), max_age_s=1).prune() == PruneReport()
    assert len(left(archive)) == 1


def test_what_is_being_moved_is_not_deleted_meanwhile(archive):
    cold = ColdStore("memory://")
    first = archive.add(0)
    archive.add(1)
    archive.add(2)
    with cold.claim(first.path) as mine:
        assert mine
        assert pruner(archive, cold=cold, max_bytes=2 * SIZE).make_room(0).moved == 1
        late = ManualClock(START + 10**6 * SECOND)
        assert pruner(archive, cold=cold, clock=late, max_age_s=60).prune().removed == 2
        assert archive.index.segment(first.id) == first
    assert (archive.root / first.path).exists()


def test_a_moved_file_that_stays_and_then_grows_too_old_is_deleted_in_both_places(archive, monkeypatch):
    cold, segment = ColdStore("memory://"), archive.add(0)
    with monkeypatch.context() as patched:
        patched.setattr(garbage, "_unlink", lambda path: False)
        assert pruner(archive, cold=cold, max_bytes=1).prune().moved == 1
        clock = ManualClock(START + 7200 * SECOND)
        patched.setattr(cold, "delete", unreachable)
        pruner(archive, cold=cold, clock=clock, max_age_s=3600).prune()
        assert sweep(archive.root, archive.index, cold) == Left([segment.path])
    assert sweep(archive.root, archive.index, cold) == Left([])
    assert archive.files() == []
    assert not cold.exists(segment.path)
    assert (archive.index.garbage(), archive.index.cold_garbage()) == ([], [])


def unreachable(key):
    raise ArchiveError("nobody there")
