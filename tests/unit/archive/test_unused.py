"""What nobody reads any more is given back, and the thread that does it with it."""

from __future__ import annotations

import os
import threading

import pytest

from rushes.archive import Archive
from rushes.archive.fetch import LocalFetch
from rushes.archive.unused import Unused
from tests.unit.archive.films import Film
from tests.unit.archive.films import S as SECOND
from tests.unit.archive.store import Store


def opened(root):
    """The files below ``root`` that this process holds open, as it says itself."""
    held = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:  # the one the folder was listed by
            continue
        if target.startswith(str(root / "segments")):
            held.append(target)
    return held


class Holding:
    """Holds something until it is told not to; ``asked`` says how often it was asked."""

    def __init__(self):
        self.holds, self.idle_s = True, []
        self.asked = threading.Semaphore(0)

    def __call__(self, idle_s):
        self.idle_s.append(idle_s)
        self.asked.release()
        return self.holds


def ended(unused):
    thread = unused._thread
    if thread is not None:
        thread.join(10)
    return unused._thread is None


def test_it_asks_as_long_as_something_is_held_and_ends_by_itself():
    holding = Holding()
    with Unused(holding, idle_s=7, every_s=0.005) as unused:
        assert unused._thread is None
        unused.touch()
        for _ in range(3):
            assert holding.asked.acquire(timeout=10)
        holding.holds = False
        assert ended(unused)
        unused.touch()
        assert holding.asked.acquire(timeout=10)
        assert ended(unused)
    assert set(holding.idle_s) == {7}


def test_each_is_asked_whatever_the_others_say():
    first, second = Holding(), Holding()
    with Unused(first, every_s=0.005) as unused:
        unused.add(second)
        unused.touch()
        assert second.asked.acquire(timeout=10)


def test_the_end_is_not_waited_for_and_nothing_begins_after_it():
    unused = Unused(Holding(), every_s=3600)
    unused.touch()
    thread = unused._thread
    unused.close()
    assert thread is not None
    assert not thread.is_alive()
    unused.touch()
    assert unused._thread is thread


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def test_a_deleted_file_is_closed_without_another_read(store):
    segments = [store.add([number], channel=str(number)) for number in range(2)]
    with LocalFetch(store.root) as fetch:
        for segment in segments:
            fetch.read(segment, 0, 8)
        assert len(opened(store.root)) == 2
        os.unlink(store.root / segments[0].path)
        assert fetch.sweep(3600)
        (held,) = opened(store.root)
        assert held.endswith(segments[1].path)
        assert fetch.read(segments[1], 4, 4) == b"ftyp"
        assert not fetch.sweep(0)
        assert opened(store.root) == []
        assert fetch.read(segments[1], 4, 4) == b"ftyp"


def test_an_archive_that_nobody_asks_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("rushes.archive.fetch.Unused", lambda spare: Unused(spare, idle_s=0, every_s=0.05))
    film = Film([1_700_000_000 * SECOND + turn * SECOND // 25 for turn in range(25)])
    with Archive(tmp_path, min_free_bytes=0) as archive:
        with archive.record("cam", film) as recording:
            assert recording.wait(60)
        archive.frame_at("cam", 1_700_000_000.4)
        assert ended(archive._fetch._unused)
        assert archive._reader._cursors.bytes == 0
        assert opened(tmp_path) == []
        assert archive.frame_at("cam", 1_700_000_000.44).number == 11
