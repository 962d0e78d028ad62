"""The saver over callables: states, names, sharing, limits, ends."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ConfigError, CorruptImage, JobCancelled, UnknownName
from rushes.shots import Shot, ShotSaver, status
from rushes.shots.files import kind_of
from tests.unit.shots.pictures import frame, jpeg, png

ORDER = [status.in_queue, status.saving, status.success]
FAILED = [status.in_queue, status.saving, status.error]


class Gate:
    """A channel that lets pictures through when it is told to."""

    def __init__(self) -> None:
        self.open, self.asked = threading.Event(), threading.Semaphore(0)
        self.calls = 0

    def __call__(self, dt):
        self.calls += 1
        self.asked.release()
        assert self.open.wait(30)
        return frame(self.calls)


@pytest.fixture
def made(tmp_path):
    """Makes savers that put their files into a folder of the test's, and stops them."""
    savers = []

    def make(channels=None, **options) -> ShotSaver:
        saver = ShotSaver(channels=channels or {"gate": lambda dt: frame(1)}, **options)
        saver.screenshots_folder = tmp_path
        saver.timeout_sec = 20
        savers.append(saver)
        return saver

    yield make
    for saver in savers:
        saver.stop()


def told_states(saver, guid, told):
    assert saver.wait(30)
    return [state for each, state in told if each == guid]


def test_a_shot_is_saved_and_told_in_order(made, tmp_path):
    told = []
    saver = made()
    guid, path = saver.save("gate", callback=lambda *news: told.append(news))
    assert told_states(saver, guid, told) == ORDER
    assert kind_of(Path(path).read_bytes()) == "jpeg"
    assert os.listdir(tmp_path) == [Path(path).name]
    assert Path(path).name.startswith("gate (")


def test_the_savers_own_callback_stands_in(made):
    told = []
    saver = made(callback=lambda *news: told.append(news))
    guid, _ = saver.save("gate", task_guid="mine")
    assert guid == "mine"
    assert told_states(saver, "mine", told) == ORDER


def test_a_shot_says_what_it_is(made):
    saver = made({"gate": lambda dt: frame(7, captured_ns=time.time_ns() - 2_000_000_000)})
    guid, path = saver.save("gate")
    shot = saver.handle(guid).result(30)
    assert isinstance(shot, Shot)
    assert (shot.frame_number, shot.source, shot.path, shot.figures) == (7, "live", path, False)
    assert 2 <= shot.age_s < 60
    assert shot.data == Path(path).read_bytes()


def test_the_moment_names_the_file(made):
    dt = datetime(2026, 11, 21, 0, 0)
    asked = []
    saver = made({"gate": lambda when: (asked.append(when), jpeg())[1]})
    guid, path = saver.save("gate", dt=dt)
    shot = saver.handle(guid).result(30)
    assert Path(path).name == "gate (2026.11.21 00-00-00.000000).jpg"
    assert asked == [dt]
    assert (shot.captured_ns, shot.source) == (int(dt.timestamp()) * 10**9, "archive")


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "jpeg"), ("png", "png")])
@pytest.mark.parametrize("content", [frame(), jpeg(), png()])
def test_the_suffix_decides_the_kind(made, suffix, kind, content):
    saver = made({"gate": lambda dt: content})
    guid, path = saver.save("gate", file_name=f"x.{suffix}")
    saver.handle(guid).result(30)
    assert kind_of(Path(path).read_bytes()) == kind


def test_file_path_is_a_folder_or_the_full_name(made, tmp_path):
    saver = made()
    (tmp_path / "there.d").mkdir()
    folders = ["new", "there.d", "other.d/"]
    paths = [saver.save("gate", file_name="x.jpg", file_path=f"{tmp_path}/{each}")[1] for each in folders]
    paths.append(saver.save("gate", file_path=tmp_path / "full" / "name.png")[1])
    assert saver.wait(30)
    assert [str(Path(path).relative_to(tmp_path)) for path in paths] == [
        "new/x.jpg",
        "there.d/x.jpg",
        "other.d/x.jpg",
        "full/name.png",
    ]
    assert all(Path(path).is_file() for path in paths)
    with pytest.raises(ConfigError, match="full name"):
        saver.save("gate", file_name="x.jpg", file_path=tmp_path / "y.jpg")


def test_a_name_that_is_taken_gets_a_number(made, tmp_path):
    gate = Gate()
    saver = made({"gate": gate})
    (tmp_path / "x.jpg").write_bytes(b"old")
    paths = [saver.save("gate", file_name="x.jpg")[1] for _ in range(3)]
    gate.open.set()
    assert saver.wait(30)
    assert [Path(path).name for path in paths] == ["x (2).jpg", "x (3).jpg", "x (4).jpg"]
    assert (tmp_path / "x.jpg").read_bytes() == b"old"


def test_a_name_taken_by_somebody_else_meanwhile_is_not_overwritten(made, tmp_path):
    gate = Gate()
    saver = made({"gate": gate})
    guid, path = saver.save("gate", file_name="x.jpg")
    Path(path).write_bytes(b"theirs")
    gate.open.set()
    with pytest.raises(FileExistsError):
        saver.handle(guid).result(30)
    assert Path(path).read_bytes() == b"theirs"
    assert gate.calls == 1


@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1))
def test_no_channel_leaves_the_folder(tmp_path_factory, channel):
    folder = tmp_path_factory.mktemp("shots")
    with ShotSaver(2, channels={channel: lambda dt: jpeg()}) as saver:
        saver.screenshots_folder = folder
        guid, path = saver.save(channel)
        assert saver.handle(guid).result(30).path == path
    assert [str(each) for each in folder.iterdir()] == [path]


def test_unknown_channels_are_refused_at_the_call(made):
    saver = made()
    for call in (saver.save, lambda channel: saver.get(channel, callback=print)):
        with pytest.raises(EnvironmentError, match=r"known: 'gate'"):
            call("gat")
    with pytest.raises(EnvironmentError):
        asyncio.run(saver.aget("gat"))


def test_a_failure_is_tried_again_and_its_cause_told(made):
    calls, told = [], []

    def flaky(dt):
        calls.append(dt)
        if len(calls) < 3:
            raise OSError("camera asleep")
        return frame()

    saver = made({"gate": flaky})
    guid, path = saver.save("gate", callback=lambda *news: told.append(news))
    assert told_states(saver, guid, told) == FAILED
    assert len(calls) == 2
    assert not os.path.exists(path)
    with pytest.raises(OSError, match="asleep"):
        saver.handle(guid).result(0)
    guid, path = saver.save("gate", callback=lambda *news: told.append(news))
    assert told_states(saver, guid, told) == ORDER


def test_a_wrong_call_is_not_made_again(made):
    calls = []

    def wrong(dt):
        calls.append(dt)
        raise ConfigError("no such option")

    saver = made({"gate": wrong})
    with pytest.raises(ConfigError):
        saver.handle(saver.save("gate")[0]).result(30)
    assert len(calls) == 1


def test_cut_off_bytes_are_a_failed_attempt(made):
    answers = [jpeg()[:-20], jpeg()]
    saver = made({"gate": lambda dt: answers.pop(0)})
    guid, path = saver.save("gate")
    saver.handle(guid).result(30)
    assert Path(path).read_bytes() == jpeg()
    answers += [jpeg()[:-20]] * 2
    guid, path = saver.save("gate")
    with pytest.raises(CorruptImage):
        saver.handle(guid).result(30)
    assert not os.path.exists(path)


def test_callbacks_that_raise_harm_nobody(made, caplog):
    def bad(*news):
        raise RuntimeError("careless")

    saver = made(callback=bad)
    _, path = saver.save("gate")
    saver.get("gate", callback=bad)
    assert saver.wait(30)
    assert os.path.exists(path)
    assert "a callback of a shot failed" in caplog.text


def test_callbacks_come_on_no_callers_thread(made):
    lock, threads = threading.Lock(), []

    def callback(guid, state):
        with lock:  # the caller holds it: a callback from within save would hang here
            threads.append(threading.current_thread())

    saver = made()
    with lock:
        saver.save("gate", callback=callback)
    assert saver.wait(30)
    assert threading.main_thread() not in threads


def test_cancelling_leaves_no_file(made):
    gate, told = Gate(), []
    saver = made({"gate": gate})
    saver.pool_size = 1
    running, running_path = saver.save("gate", callback=lambda *news: told.append(news))
    assert gate.asked.acquire(timeout=30)
    waiting, waiting_path = saver.save("gate", dt=5.0, callback=lambda *news: told.append(news))
    assert saver.cancel(waiting)
    assert saver.cancel(running)
    assert not saver.cancel(running)
    assert saver.wait(30)
    with pytest.raises(JobCancelled):
        saver.handle(running).result(0)
    gate.open.set()
    saver.stop()
    assert not os.path.exists(running_path)
    assert not os.path.exists(waiting_path)
    assert [news for news in told if news[0] == waiting] == [(waiting, "in_queue"), (waiting, "error")]
    assert told[-1] in [(running, "error"), (waiting, "error")]


def test_unknown_tasks_are_told(made):
    with pytest.raises(UnknownName, match="lately ended"):
        made().handle("never heard of")


def test_a_guid_belongs_to_one_shot_at_a_time(made):
    gate = Gate()
    saver = made({"gate": gate})
    saver.save("gate", task_guid="a", file_name="x.jpg")
    with pytest.raises(ConfigError, match="'a'"):
        saver.save("gate", task_guid="a", file_name="x.jpg")
    gate.open.set()
    assert saver.wait(30)
    assert saver.save("gate", task_guid="a", file_name="x.jpg")[1].endswith("x (2).jpg")
