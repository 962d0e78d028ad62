"""The saver over a scripting host that writes late, in part, never, twice, or raises."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from rushes.errors import DeadlineExceeded
from rushes.shots import ShotSaver, status
from tests.unit.shots import fake_host
from tests.unit.shots.fake_host import CHANNEL, FakeHost
from tests.unit.shots.pictures import jpeg


@pytest.fixture
def made(tmp_path):
    pairs = []

    def make(*script, timeout_sec=20.0, **options):
        host = FakeHost(tmp_path / "shots", *script, **options)
        saver = ShotSaver(channels=host)
        saver.timeout_sec = timeout_sec
        pairs.append((saver, host))
        return saver, host

    yield make
    for saver, host in pairs:
        host.close()
        saver.stop()
        host.close()


def save(saver, **more):
    """(states, path) of one shot, once its end was told."""
    states, ended = [], threading.Event()

    def callback(guid, state):
        states.append(state)
        if state in (status.success, status.error):
            ended.set()

    guid, path = saver.save(CHANNEL, callback=callback, **more)
    assert ended.wait(30)
    return states, path, saver.handle(guid)


@pytest.mark.parametrize("way", [fake_host.whole, fake_host.in_two_pieces, fake_host.twice])
def test_it_saves_what_the_host_writes(made, tmp_path, way):
    saver, _ = made(way)
    states, path, _ = save(saver)
    assert states == [status.in_queue, status.saving, status.success]
    assert Path(path).parent == tmp_path / "shots"
    assert Path(path).name.startswith("Gate (")
    assert Path(path).read_bytes() in (jpeg(), jpeg(1))
    assert os.listdir(tmp_path / "shots") == [Path(path).name]


@pytest.mark.parametrize("way", [fake_host.never, fake_host.partial, fake_host.garbage])
def test_what_never_becomes_a_picture_is_an_error_after_all_tries(made, tmp_path, way):
    saver, host = made(way, timeout_sec=0.12)
    began = time.monotonic()
    states, path, handle = save(saver)
    assert 0.24 <= time.monotonic() - began < 20
    assert states == [status.in_queue, status.saving, status.error]
    assert len(host.calls) == 2
    assert len({call[1] for call in host.calls}) == 2
    assert not os.path.exists(path)
    assert isinstance(handle.exception(0), DeadlineExceeded)


def test_a_second_try_may_succeed(made):
    saver, host = made(fake_host.never, fake_host.whole, timeout_sec=0.5)
    states, path, _ = save(saver)
    assert states == [status.in_queue, status.saving, status.success]
    assert len(host.calls) == 2
    assert Path(path).read_bytes() == jpeg()


def test_a_host_that_raises_is_an_error_with_its_cause(made):
    saver, host = made(fake_host.raises)
    states, _, handle = save(saver)
    assert states == [status.in_queue, status.saving, status.error]
    assert len(host.calls) == 2
    with pytest.raises(RuntimeError, match="unwell"):
        handle.result(0)
    assert save(made()[0])[0][-1] == status.success


def test_a_picture_for_a_shot_that_failed_appears_nowhere_later(made, tmp_path):
    saver, host = made(late_s=0.3, timeout_sec=0.05)
    states, _, _ = save(saver)
    assert states[-1] == status.error
    host.close()
    assert not (tmp_path / "shots").exists()


def test_an_old_file_of_the_name_is_no_success(made, tmp_path):
    saver, _ = made(fake_host.never, timeout_sec=0.1)
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "x.jpg").write_bytes(jpeg(5))
    states, path, _ = save(saver, file_name="x.jpg")
    assert states[-1] == status.error
    assert Path(path).name == "x (2).jpg"
    assert os.listdir(tmp_path / "shots") == ["x.jpg"]


def test_a_fraction_of_a_second_is_a_time_out_too(made):
    saver, _ = made(late_s=0.15, timeout_sec=2.5)
    assert save(saver)[0][-1] == status.success


def test_callbacks_come_through_the_host(made):
    saver, _ = made()
    threads, ended = [], threading.Event()

    def callback(guid, state):
        threads.append(type(threading.current_thread()))
        if state == status.success:
            ended.set()

    saver.save(CHANNEL, callback=callback)
    assert ended.wait(30)
    assert set(threads) == {threading.Timer}


def test_a_channel_called_like_a_path_stays_in_the_folder(made, tmp_path):
    saver, _ = made(channel_name="../../evil")
    _, path, _ = save(saver)
    assert Path(path).parent == tmp_path / "shots"
    assert not (tmp_path.parent / "evil").exists()


def test_waiting_on_the_hosts_thread_does_not_lock_up(tmp_path):
    waiting = []

    class OneThread(FakeHost):
        def timeout(self, milliseconds, call):
            waiting.append(call)

    host = OneThread(tmp_path)
    states = []
    saver = ShotSaver(channels=host)
    saver.save(CHANNEL, callback=lambda guid, state: states.append(state))
    assert saver.wait(30)
    assert states == []
    for call in waiting:
        call()
    assert states == [status.in_queue, status.saving, status.success]
    saver.stop()
    host.close()


def test_the_folder_that_the_host_writes_into_goes_with_the_saver(made):
    saver, host = made()
    save(saver)
    folder = Path(host.calls[0][2])
    assert folder.is_dir()
    saver.stop()
    assert not folder.exists()
