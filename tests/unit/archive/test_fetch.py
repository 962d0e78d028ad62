"""Bytes out of segments, believed only when they are what was written."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from rushes.archive.fetch import Fetch, LocalFetch, read_samples
from rushes.archive.records import Found, Gop
from rushes.errors import ArchiveCorrupt, ArchiveError, ClosedError
from tests.unit.archive.store import Store

MANY = 60


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def found(store):
    segment = store.add(range(30))
    return next(iter(store.index.segment_gops(segment.id)))


def open_files(root):
    links = (os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))
    return [link for link in links if link.startswith(str(root)) and ".mp4" in link]


def test_samples_are_the_bytes_that_lie_there(store, found):
    data = (store.root / found.segment.path).read_bytes()
    whole = data[found.gop.offset : found.gop.offset + found.gop.length]
    pieces = read_samples(store.fetch, found, 0, 25)
    assert b"".join(pieces) == whole
    assert [len(piece) for piece in pieces] == [sample.size for sample in found.gop.samples]
    assert read_samples(store.fetch, found, 3, 5) == pieces[3:5]
    assert read_samples(store.fetch, found, 4, 4) == []


def test_one_read_for_all_that_is_wanted(store, found):
    asked = []

    class Told:
        def read(self, segment, offset, length):
            asked.append((offset, length))
            return store.fetch.read(segment, offset, length)

    read_samples(Told(), found, 2, 10)
    begin = found.gop.offset + sum(sample.size for sample in found.gop.samples[:2])
    assert asked == [(begin, sum(sample.size for sample in found.gop.samples[2:10]))]


def test_another_sum_is_damage(store, found):
    samples = list(found.gop.samples)
    samples[4] = samples[4]._replace(crc=samples[4].crc ^ 1)
    wrong = Found(Gop(found.gop.offset, tuple(samples)), found.segment)
    assert len(read_samples(store.fetch, wrong, 0, 4)) == 4
    with pytest.raises(ArchiveCorrupt) as told:
        read_samples(store.fetch, wrong, 0, 5)
    assert (told.value.path, told.value.channel) == (found.segment.path, "cam")


def test_too_few_bytes_from_a_source_that_does_not_tell_are_damage(found, store):
    class Short:
        def read(self, segment, offset, length):
            return store.fetch.read(segment, offset, length)[:-1]

    with pytest.raises(ArchiveCorrupt):
        read_samples(Short(), found, 0, 3)


def test_a_file_that_ends_too_early_or_is_none(store, found, tmp_path):
    size = found.segment.bytes
    assert len(store.fetch.read(found.segment, size - 10, 10)) == 10
    with pytest.raises(ArchiveCorrupt, match="1 bytes too early") as told:
        store.fetch.read(found.segment, size - 10, 11)
    assert told.value.path == found.segment.path
    with pytest.raises(ArchiveCorrupt):
        store.fetch.read(found.segment, size + 10, 1)
    with pytest.raises(ArchiveCorrupt) as told:
        store.fetch.read(replace(found.segment, path="segments"), 0, 1)
    assert told.value.path == "segments"
    with pytest.raises(ArchiveCorrupt, match="No such file"):
        store.fetch.read(replace(found.segment, path="segments/none.mp4"), 0, 1)


def test_at_most_32_files_stay_open_and_none_after_the_close(tmp_path, found):
    for number in range(MANY):
        (tmp_path / f"{number}.mp4").write_bytes(bytes([number]) * 100)
    fetch = LocalFetch(tmp_path)
    for turn in range(2):
        for number in range(MANY):
            assert fetch.read(replace(found.segment, path=f"{number}.mp4"), turn, 2) == bytes([number]) * 2
    assert len(open_files(tmp_path)) == 32
    fetch.close()
    assert open_files(tmp_path) == []
    with pytest.raises(ClosedError):
        fetch.read(found.segment, 0, 1)


def test_a_deleted_file_gives_its_room_back_with_the_next_one(tmp_path, found):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"12345")
    fetch = LocalFetch(tmp_path)
    first, second = (replace(found.segment, path=name) for name in ("a.mp4", "b.mp4"))
    assert fetch.read(first, 0, 5) == b"12345"
    (tmp_path / "a.mp4").unlink()
    assert fetch.read(first, 0, 5) == b"12345"
    assert fetch.read(second, 0, 5) == b"12345"
    assert len(open_files(tmp_path)) == 1
    with pytest.raises(ArchiveCorrupt):
        fetch.read(first, 0, 5)
    fetch.close()


def test_many_threads_read_more_files_than_stay_open(tmp_path, found):
    for number in range(MANY):
        (tmp_path / f"{number}.mp4").write_bytes(bytes([number]) * 1000)
    fetch = LocalFetch(tmp_path)
    wrong = []

    def read(first):
        for turn in range(1000):
            number = (first + turn * 7) % MANY
            if fetch.read(replace(found.segment, path=f"{number}.mp4"), 0, 1000) != bytes([number]) * 1000:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(first * 13,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(open_files(tmp_path)) <= 32
    fetch.close()
    assert open_files(tmp_path) == []


def test_what_is_in_the_cold_store_comes_from_there(store, found):
    asked = []

    class Cold:
        def read(self, key, offset, length):
            asked.append((key, offset, length))
            return b"x" * length

    cold = replace(found.segment, cold="some/key")
    with pytest.raises(ArchiveError, match="cold="):
        store.fetch.read(cold, 0, 3)
    fetch = Fetch(store.root, Cold())
    assert fetch.read(cold, 7, 3) == b"xxx"
    assert asked == [("some/key", 7, 3)]
    assert fetch.read(found.segment, 4, 4) == b"ftyp"
    fetch.close()
