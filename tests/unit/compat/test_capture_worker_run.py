"""The older worker on a real screen: pictures show it, stop keeps them, cancel takes them away."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from rushes.compat import capture_worker
from rushes.compat.capture_worker import ThreadPool, Worker, clear_temp_dir
from rushes.errors import SourceError
from tests.support.xvfb import painted, xvfb
from tests.unit.qt.conftest import app
from tests.unit.qt.doubles import Listener, run_until

__all__ = ["app"]
BLUE, GROUND = 0x0000FF, 0x204060


@pytest.fixture(scope="module")
def screen():
    with xvfb() as display, painted(display.name, GROUND):
        yield display.name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(capture_worker, "temp_capture_dir", str(tmp_path / "imgs"))
    return tmp_path / "imgs"


def saved_three(listener: Listener) -> bool:
    return listener.names.count("pixmap_saved") >= 3


def pictures(folder: Path) -> list[Path]:
    return sorted(each for each in folder.glob("*") if not each.name.startswith("."))


@pytest.mark.parametrize(("quality", "suffix"), [(90, ".jpg"), (-1, ".png")])
def test_a_stopped_capture_is_kept_and_shows_that_part_of_the_screen(
    screen, folder, monkeypatch, quality, suffix
):
    monkeypatch.setenv("DISPLAY", screen)
    pool = ThreadPool()
    listener = Listener(pool)
    pool.start(QRect(0, 10, 64, 48), quality)
    run_until(lambda: listener.names.count("pixmap_saved") >= 5)
    pool.stop()
    run_until(lambda: not pool.recording)
    assert pool.error is None
    assert getattr(pool.summary, "reason", None) == "stopped"
    saved = [arguments[0] for name, arguments, _ in listener.heard if name == "pixmap_saved"]
    assert saved == sorted(set(saved))
    assert [each.name for each in pictures(folder)] == [f"{number:08}{suffix}" for number in saved]
    last = QImage(str(pictures(folder)[-1]))
    assert (last.width(), last.height()) == (64, 48)
    near = [(last.pixel(x, y) & 0xFF) for x, y in ((20, 20), (60, 40))]
    assert abs(near[0] - BLUE) < 12, "the blue rectangle begins at (10, 20) of the screen"
    assert abs(near[1] - (GROUND & 0xFF)) < 12
    clear_temp_dir()
    assert list(folder.iterdir()) == []


def test_a_cancelled_capture_leaves_nothing_and_what_was_there_stays(screen, folder, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen)
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    pool = ThreadPool()
    listener = Listener(pool)
    pool.start((0, 0, 64, 48), 80)
    run_until(lambda: "frame_changed" in listener.names)
    pool.cancel()
    run_until(lambda: not pool.recording)
    assert listener.names[-2:] == ["capture_cancelled", "capture_finished"]
    assert [each.name for each in pictures(folder)] == ["notes.txt"]
    clear_temp_dir()
    assert (folder / "notes.txt").read_text() == "mine"


def test_the_next_capture_begins_with_an_empty_folder(screen, folder, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen)
    for size in (64, 32):
        worker = Worker((0, 0, size, size), 80)
        listener = Listener(worker.signals)
        thread = threading.Thread(target=worker.run, daemon=True)  # a failure here must not hang
        thread.start()
        run_until(partial(saved_three, listener))
        assert not (folder / "00099999.jpg").exists()
        Worker.Stop = True
        assert worker.wait(60)
        thread.join()
        assert worker.error is None
        (folder / "00099999.jpg").write_bytes(b"the last picture of a longer capture")
    (folder / "00099999.jpg").unlink()
    assert {QImage(str(each)).width() for each in pictures(folder)} == {32}


def test_without_a_display_the_end_is_told_with_its_cause(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":no-such-display")
    pool = ThreadPool()
    listener = Listener(pool)
    pool.start((0, 0, 64, 48), 80)
    run_until(lambda: not pool.recording)
    assert listener.names == ["capture_finished"]
    assert getattr(pool.summary, "reason", None) == "source lost"
    assert isinstance(pool.error, SourceError)
