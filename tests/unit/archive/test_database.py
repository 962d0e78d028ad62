"""The index's file when it is locked, read-only, newer, damaged, no index at all, or on a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.archive.database import Database, IndexBusy
from rushes.archive.index import Index
from rushes.archive.records import Gop, Sample, Segment
from rushes.errors import ArchiveCorrupt, ArchiveError, ClosedError, ConfigError
from tests.support.processes import script

NOW = 1_700_000_000_000_000_000
HOLD = """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
input()
"""


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    line = [str(mount), "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if mount is None or subprocess.run(line, capture_output=True, timeout=30).returncode:
        pytest.skip("mounting a small file system takes root")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=30)


def fill(index: Index, groups: int = 3) -> Segment:
    segment = index.open_segment("door", NOW, "h264", 640, 480, 25.0)
    for at in range(groups):
        samples = tuple(Sample(NOW + at * 10**9 + k * 40_000_000, k, 999, k) for k in range(25))
        index.add_gop(segment, Gop(1000 + at * 25_000, samples), bytes=26_000 + at * 25_000)
    return segment


def names(db: Database) -> list[str]:
    return Index(db).channels()


def test_what_one_writes_others_read(db: Database, tmp_path: Path):
    fill(Index(db))
    other = Database(tmp_path, "r")
    assert names(other) == ["door"]
    Index(db).channel("yard")
    assert names(other) == ["door", "yard"]
    other.close()


def test_it_is_there_when_opened_again(db: Database, tmp_path: Path):
    fill(Index(db))
    db.close()
    again = Database(tmp_path)
    assert Index(again).last("door") == NOW + 2 * 10**9 + 24 * 40_000_000
    again.close()


def test_a_block_that_raises_leaves_nothing(db: Database):
    def break_off() -> None:
        with db.writing() as connection:
            connection.execute("INSERT INTO channel (name) VALUES ('half')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert names(db) == []


def test_locked_by_another_process(db: Database):
    index = Index(db)
    fill(index)
    with script(HOLD, str(db.path)) as other:
        assert other.line() == "held"
        with pytest.raises(IndexBusy, match="another process"):
            index.channel("yard")
        assert index.last("door") is not None
        other.say()
        assert other.wait() == 0
    index.channel("yard")
    assert index.channels() == ["door", "yard"]


def test_opening_one_that_is_locked_by_another_process(tmp_path: Path):
    with script(HOLD, str(tmp_path / "index.sqlite")) as other:
        assert other.line() == "held"
        with pytest.raises(IndexBusy):
            Database(tmp_path)
        other.say()
        assert other.wait() == 0


def test_a_read_only_folder(tmp_path: Path):
    """By a mount when it may be made, for permissions mean nothing to root."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    db = Database(folder)
    fill(Index(db))
    db.close()
    assert sorted(os.listdir(folder)) == ["index.sqlite"]
    sealed = False
    if os.geteuid():
        folder.chmod(0o500)
    else:
        place = str(folder)
        if subprocess.run(["mount", "--bind", place, place], capture_output=True, timeout=30).returncode:
            pytest.skip("a folder cannot be mounted here")
        sealed = True
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True, timeout=30)
    try:
        reader = Database(folder, "r")
        assert Index(reader).last("door") is not None
        reader.close()
        with pytest.raises(ArchiveError):
            Database(folder)
    finally:
        if sealed:
            subprocess.run(["umount", str(folder)], check=True, timeout=30)
        else:
            folder.chmod(0o700)
    assert sorted(os.listdir(folder)) == ["index.sqlite"]


def test_mode_r_writes_nothing(db: Database, tmp_path: Path):
    reader = Database(tmp_path, "r")
    with pytest.raises(ArchiveError, match='mode "r"'):
        Index(reader).channel("door")
    with pytest.raises(ArchiveError), reader.reading() as connection:
        connection.execute("DELETE FROM channel")
    reader.close()


def test_mode_r_makes_nothing(tmp_path: Path):
    with pytest.raises(ArchiveError, match="no archive"):
        Database(tmp_path, "r")
    assert os.listdir(tmp_path) == []


def test_another_mode_is_the_callers_mistake(tmp_path: Path):
    with pytest.raises(ConfigError):
        Database(tmp_path, "w")


@pytest.mark.parametrize("mode", ["r", "rw"])
def test_made_by_a_newer_version(db: Database, tmp_path: Path, mode: str):
    with db.writing() as connection:
        connection.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ArchiveCorrupt, match="newer rushes") as caught:
        Database(tmp_path, mode)
    assert caught.value.path == str(db.path)


@pytest.mark.parametrize("mode", ["r", "rw"])
def test_not_a_database(tmp_path: Path, mode: str):
    (tmp_path / "index.sqlite").write_bytes(b"something else entirely\n" * 500)
    with pytest.raises(ArchiveCorrupt):
        Database(tmp_path, mode)
    assert (tmp_path / "index.sqlite").read_bytes().startswith(b"something else")


@pytest.mark.parametrize("mode", ["r", "rw"])
def test_another_programs_database(tmp_path: Path, mode: str):
    connection = sqlite3.connect(tmp_path / "index.sqlite")
    connection.execute("CREATE TABLE bookmarks (name TEXT)")
    connection.close()
    with pytest.raises(ArchiveCorrupt, match="another program"):
        Database(tmp_path, mode)


def test_mode_r_does_not_bring_an_older_one_up_to_date(db: Database, tmp_path: Path):
    with db.writing() as connection:
        connection.execute("PRAGMA user_version = 0")
    db.close()
    with pytest.raises(ArchiveError, match="older"):
        Database(tmp_path, "r")


def test_a_damaged_page_is_told(db: Database, tmp_path: Path):
    fill(Index(db), 60)
    db.close()
    size = db.path.stat().st_size
    with open(db.path, "rb+") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(ArchiveCorrupt) as caught:
        Database(tmp_path, "r")
    assert caught.value.path == str(db.path)


def test_a_damaged_row_is_told_with_its_file(db: Database):
    index = Index(db)
    segment = fill(index)
    with db.writing() as connection:
        connection.execute("UPDATE gop SET samples = zeroblob(length(samples)) WHERE t_ns = ?", (NOW,))
    with pytest.raises(ArchiveCorrupt) as caught:
        index.floor("door", NOW)
    assert (caught.value.path, caught.value.channel) == (segment.path, "door")
    assert index.floor("door", NOW + 10**9) is not None


def test_a_full_disk(mounted: Path):
    db = Database(mounted)
    try:
        index = Index(db)
        segment = fill(index)
        room = os.statvfs(mounted)
        (mounted / "ballast").write_bytes(bytes(max(0, room.f_bavail * room.f_bsize - 16384)))
        text = "x" * 500_000
        with pytest.raises(OSError) as caught:
            index.add_figures("door", NOW, NOW + 1, text)
        assert caught.value.errno == errno.ENOSPC
        last = index.last("door")
        (mounted / "ballast").unlink()
        index.close_segment(segment.id, bytes=76_000)
        assert index.last("door") == last
    finally:
        db.close()


def test_many_threads_read_while_one_writes(db: Database):
    index = Index(db)
    segment = fill(index, 1)
    problems: list[object] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set() and not problems:
            with contextlib.ExitStack() as told:
                told.callback(problems.append, "a reader broke off")
                found = index.floor("door", NOW + 10**12)
                if found is not None and found.gop.offset == found.gop.samples[0].size:
                    told.pop_all()

    first = Gop(5, (Sample(NOW + 10**9, 0, 5, 0),))
    index.add_gop(segment, first, bytes=10)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for at in range(6, 200):
        index.add_gop(segment, Gop(at, (Sample(NOW + at * 10**9, 0, at, 0),)), bytes=at)
    done.set()
    for thread in threads:
        thread.join(60)
    assert not problems


def test_what_files_are_deleted_for_is_on_the_disk_first(db: Database):
    """After a power cut a row whose file was deleted must not be there again."""
    index = Index(db)
    first, second = fill(index), index.open_segment("door", NOW, "h264", 64, 48, 25.0)
    said: list[str] = []
    with db.writing() as connection:
        connection.set_trace_callback(said.append)
    for change in (lambda: index.remove_segment(first.id), lambda: index.to_cold(second.id, "key")):
        said.clear()
        change()
        assert said.index("PRAGMA synchronous = FULL") < said.index("BEGIN IMMEDIATE") < said.index("COMMIT")
    said.clear()
    index.channel("yard")
    assert said.index("PRAGMA synchronous = NORMAL") < said.index("BEGIN IMMEDIATE")


def test_after_close(db: Database):
    index = Index(db)
    index.channel("door")
    with db.reading() as connection:
        db.close()
        assert connection.execute("SELECT count(*) FROM channel").fetchone() == (1,)
    with pytest.raises(ClosedError):
        index.channels()
    with pytest.raises(ClosedError):
        index.channel("yard")
    db.close()
