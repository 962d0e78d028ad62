"""The older worker's names do what they say; the real run on a screen is in test_capture_worker_run.py."""

from __future__ import annotations

import inspect
import queue
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, QRect, QRunnable, QThreadPool
from PySide6.QtGui import QColor, QImage, QPixmap

from rushes.compat import capture_worker
from rushes.compat.capture_worker import ThreadPool, ThreadSignals, Worker, clear_temp_dir
from rushes.errors import ConfigError
from rushes.qt.signals import EVENTS
from tests.unit.qt.conftest import app
from tests.unit.qt.doubles import Listener, Recorder, run_until

__all__ = ["app"]
RECT = QRect(0, 0, 64, 48)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(capture_worker, "temp_capture_dir", str(tmp_path / "imgs"))
    return tmp_path / "imgs"


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(capture_worker, "open_recorder", made)
    return made


def pixmap(color: str = "#204060") -> QPixmap:
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return QPixmap.fromImage(image)


def waiting() -> queue.Queue[Any]:
    return queue.Queue()


def test_names_and_signatures_are_those_of_the_document():
    arguments: dict[Any, str] = {
        Worker: "rect quality",
        Worker.add_writer_workers: "self thread_count quality",
        Worker.save_pixmaps: "self queue quality",
        Worker.capture: "self rect capture_rate",
        Worker.clear_queue: "self queue",
        Worker.reset_global_vars: "self",
        Worker.run: "self",
        ThreadPool: "parent",
        ThreadPool.start: "self rect quality",
        ThreadPool.stop: "self",
        ThreadPool.cancel: "self",
        clear_temp_dir: "",
    }
    assert {each: " ".join(inspect.signature(each).parameters) for each in arguments} == arguments
    assert inspect.signature(Worker.capture).parameters["capture_rate"].default == 0.04
    assert (Worker.StatusOk, Worker.StatusError, Worker.Stop, Worker.Cancel) == (0, 1, False, False)
    assert issubclass(Worker, QRunnable)
    assert issubclass(ThreadPool, QObject)
    assert issubclass(ThreadSignals, QObject)
    assert isinstance(Worker.inst, ThreadSignals)
    assert all(hasattr(each, name) for each in (ThreadPool, ThreadSignals) for name in EVENTS)


def test_a_pool_captures_and_its_signals_come_in_order(recorder):
    pool = ThreadPool()
    listener = Listener(pool)
    pool.start(RECT, 75)
    run_until(lambda: len(listener.heard) == 6)
    pool.stop()
    run_until(lambda: not pool.recording)
    assert listener.names == [*["frame_changed", "pixmap_saved"] * 3, "capture_stopped", "capture_finished"]
    (uri, out, _), settings = recorder.opened
    assert (uri, str(out)) == ("screen:0,0,64,48", capture_worker.temp_capture_dir)
    assert (settings["every_s"], settings["format"], settings["quality"]) == (0.04, "jpeg", 75)
    assert {thread for _, _, thread in listener.heard} == {threading.get_ident()}


def test_a_pool_cancels(recorder):
    pool = ThreadPool()
    listener = Listener(pool)
    pool.start((0, 0, 64, 48), -1)
    pool.cancel()
    run_until(lambda: not pool.recording)
    assert listener.names[-2:] == ["capture_cancelled", "capture_finished"]
    assert recorder.opened[1]["format"] == "png"


@pytest.mark.leaky("Python keeps its note of a thread that is Qt's")
@pytest.mark.parametrize(("flag", "call"), [("Stop", "stop"), ("Cancel", "cancel")])
@pytest.mark.parametrize("everyones", [True, False])
def test_the_flags_end_a_capture(recorder, flag, call, everyones):
    worker = Worker(RECT, 80)
    pool = QThreadPool()
    pool.start(worker)
    setattr(Worker if everyones else worker, flag, True)
    assert worker.wait(30)
    assert pool.waitForDone(30_000)
    assert recorder.calls == [call]
    assert worker.error is None
    worker.reset_global_vars()
    assert (Worker.Stop, Worker.Cancel) == (False, False)


def test_a_flag_left_from_the_last_capture_does_not_end_the_next():
    Worker.Stop = Worker.Cancel = True
    Worker(RECT, 80)
    assert (Worker.Stop, Worker.Cancel) == (False, False)


def test_inst_tells_what_any_worker_does(recorder):
    heard = Listener(Worker.inst)
    worker = Worker(RECT, 80)
    worker.Stop = True
    assert worker.capture(RECT, 0.1) == Worker.StatusOk
    run_until(lambda: "capture_finished" in heard.names)
    assert recorder.opened[1]["every_s"] == 0.1


def test_writers_are_those_added_before(recorder):
    worker = Worker(RECT, 80)
    worker.add_writer_workers(2, 60)
    worker.add_writer_workers(1, 0)
    with pytest.raises(ConfigError, match="at least one"):
        worker.add_writer_workers(0, 60)
    thread = threading.Thread(target=worker.run)
    thread.start()
    run_until(lambda: hasattr(recorder, "thread"))
    with pytest.raises(ConfigError, match="is running"):
        worker.add_writer_workers(1, 60)
    worker.stop()
    thread.join()
    assert (recorder.opened[1]["threads"], recorder.opened[1]["quality"]) == (3, 1)


def test_what_goes_wrong_is_told_and_not_thrown(monkeypatch):
    def refuse(*arguments, **settings):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(capture_worker, "open_recorder", refuse)
    worker = Worker(RECT, 80)
    listener = Listener(worker.signals)
    assert worker.capture(RECT) == Worker.StatusError
    run_until(lambda: listener.names == ["capture_finished"])
    assert isinstance(worker.error, PermissionError)


@pytest.mark.parametrize(("quality", "suffix", "magic"), [(70, "jpg", b"\xff\xd8"), (-1, "png", b"\x89PNG")])
def test_pixmaps_of_a_queue_are_saved_in_order(folder, quality, suffix, magic):
    worker, pixmaps = Worker(RECT, 80), waiting()
    listener = Listener(worker.signals)
    for color in ("#ff0000", "#00ff00", "#0000ff"):
        pixmaps.put(pixmap(color))
    pixmaps.put(pixmap("#ffffff").toImage())
    worker.save_pixmaps(pixmaps, quality)
    pixmaps.join()  # each was told to be done
    run_until(lambda: len(listener.heard) == 4)
    assert [arguments for _, arguments, _ in listener.heard] == [(0,), (1,), (2,), (3,)]
    saved = sorted(folder.glob(f"*.{suffix}"))
    assert [each.name for each in saved] == [f"{number:08}.{suffix}" for number in range(4)]
    assert all(each.read_bytes().startswith(magic) for each in saved)
    assert QImage(str(saved[1])).pixelColor(5, 5).green() > 200
    clear_temp_dir()
    assert list(folder.iterdir()) == []


def test_several_threads_save_one_queue_and_lose_nothing(folder):
    worker: Worker = Worker(RECT, 80)
    pixmaps: queue.SimpleQueue[QImage] = queue.SimpleQueue()
    for _ in range(40):
        pixmaps.put(pixmap().toImage())
    threads = [threading.Thread(target=worker.save_pixmaps, args=(pixmaps, 50)) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(list(folder.glob("*.jpg"))) == 40


def test_a_cancelled_worker_throws_its_queue_away(folder):
    worker, pixmaps = Worker(RECT, 80), waiting()
    for _ in range(3):
        pixmaps.put(pixmap())
    worker.cancel()
    worker.save_pixmaps(pixmaps, 50)
    pixmaps.join()
    assert list(folder.glob("*.jpg")) == []


def test_clearing_a_queue_empties_it():
    worker, pixmaps = Worker(RECT, 80), waiting()
    for number in range(3):
        pixmaps.put(number)
    worker.clear_queue(pixmaps)
    assert pixmaps.empty()
    pixmaps.join()


def test_what_is_no_picture_is_refused():
    worker, pixmaps = Worker(RECT, 80), waiting()
    pixmaps.put("picture")
    with pytest.raises(ConfigError, match="give a QPixmap"):
        worker.save_pixmaps(pixmaps, 50)
    with pytest.raises(ConfigError, match="1 to 100"):
        worker.save_pixmaps(pixmaps, 101)
    with pytest.raises(ConfigError, match="holds no pixels"):
        Worker(QRect(), 80)
    with pytest.raises(ConfigError, match="seconds between"):
        worker.capture(RECT, 0)


def test_by_default_pictures_go_to_a_place_of_the_users_own():
    place = Path(capture_worker.__dict__["cache_folder"]("temp_capture_imgs"))
    assert place.is_absolute()
    assert "Volumes" not in place.parts
