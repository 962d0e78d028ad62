"""Signals come where and when they should, and the program's events go on, whatever the recorder does."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QRect, QThread

from rushes.errors import ClosedError, ConfigError, SourceUnavailable, UnknownName
from rushes.qt import CaptureController, controller
from tests.unit.qt.doubles import Listener, Recorder, run_until

FRAMES = ["frame_changed", "pixmap_saved"] * 3
REGION = (10, 20, 64, 48)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(controller, "open_recorder", made)
    return made


@pytest.fixture
def capture(tmp_path: Path) -> CaptureController:
    return CaptureController(folder=tmp_path)


def test_signals_come_in_order_and_once_on_the_thread_of_the_window(capture, recorder):
    listener = Listener(capture)
    capture.start(QRect(*REGION), 75)
    run_until(lambda: len(listener.heard) == 6)
    capture.stop()
    run_until(lambda: not capture.recording)
    assert listener.names == [*FRAMES, "capture_stopped", "capture_finished"]
    assert [heard[1][0] for heard in listener.heard[:6]] == [0, 0, 1, 1, 2, 2]
    assert listener.heard[-1][1] == (recorder.summary,)
    assert {thread for _, _, thread in listener.heard} == {threading.get_ident()}
    assert capture.summary is recorder.summary
    assert capture.error is None


def test_plain_functions_are_called_on_the_controllers_thread(capture, recorder):
    threads = []
    capture.frame_changed.connect(lambda number: threads.append(threading.get_ident()))
    capture.start(None, 80)
    run_until(lambda: len(threads) == 3)
    capture.stop()
    run_until(lambda: not capture.recording)
    assert set(threads) == {threading.get_ident()}


def test_an_object_of_another_thread_is_called_there(capture, recorder):
    listener, thread = Listener(capture), QThread()
    listener.moveToThread(thread)
    thread.start()
    try:
        capture.start(None, 80)
        capture.cancel()
        run_until(lambda: "capture_finished" in listener.names)
    finally:
        thread.quit()
        assert thread.wait(10_000)
    assert listener.names == [*FRAMES, "capture_cancelled", "capture_finished"]
    assert threading.get_ident() not in {ident for _, _, ident in listener.heard}


def test_stop_and_a_cancel_after_it_return_while_the_recorder_takes_its_time(capture, recorder):
    recorder.may_end.clear()
    capture.start(None, 80)
    capture.stop()
    run_until(lambda: recorder.calls == ["stop"])  # the loop runs on, though the recorder hangs in its stop
    capture.cancel()
    recorder.may_end.set()
    run_until(lambda: not capture.recording)
    capture.stop()  # too late is no mistake
    capture.cancel()


def test_a_stop_that_comes_before_the_screen_is_open_counts(capture, recorder, monkeypatch):
    opening, may_open = threading.Event(), threading.Event()

    def slowly(*arguments, **settings):
        opening.set()
        assert may_open.wait(30)
        return recorder(*arguments, **settings)

    monkeypatch.setattr(controller, "open_recorder", slowly)
    listener = Listener(capture)
    capture.start(None, 80)
    assert opening.wait(30)
    capture.stop()
    may_open.set()
    run_until(lambda: not capture.recording)
    assert recorder.calls == ["stop"]
    assert listener.names[-2:] == ["capture_stopped", "capture_finished"]


def test_who_hears_of_the_end_finds_all_given_back_and_may_start_again(capture, recorder, tmp_path):
    seen = []

    def again(summary):
        seen.append((recorder.closed.is_set(), capture.recording, capture.out))
        recorder.__init__()
        if len(seen) < 3:
            capture.start(None, 80)
            capture.stop()

    capture.capture_finished.connect(again)
    capture.start(None, 80)
    capture.stop()
    run_until(lambda: len(seen) == 3)
    assert [each[:2] for each in seen] == [(True, False)] * 3
    assert len({each[2] for each in seen}) == 3
    assert {each[2].parent for each in seen} == {tmp_path}


def test_one_recording_at_a_time(capture, recorder):
    capture.start(None, 80)
    with pytest.raises(ConfigError, match="runs already"):
        capture.start(None, 80)
    capture.stop()
    run_until(lambda: not capture.recording)


def test_closing_keeps_what_runs_and_starts_no_more(capture, recorder):
    listener = Listener(capture)
    capture.start(None, 80)
    capture.close()
    capture.close()
    with pytest.raises(ClosedError):
        capture.start(None, 80)
    assert capture.wait(30)
    run_until(lambda: not capture.recording)
    assert recorder.calls[0] == "stop"
    assert listener.names[-2:] == ["capture_stopped", "capture_finished"]


@pytest.mark.parametrize("by", ["its window", "the program"])
def test_what_is_thrown_away_ends_its_recording(recorder, tmp_path, by):
    window = QObject()
    capture = CaptureController(window if by == "its window" else None, folder=tmp_path)
    capture.start(None, 80)
    kept = capture if by == "its window" else None
    del capture, window
    gc.collect()
    assert recorder.told.wait(30)
    recorder.thread.join()
    assert recorder.calls == ["stop"]
    del kept


def test_quitting_ends_the_recording(app, capture, recorder):
    capture.start(None, 80)
    app.aboutToQuit.emit()
    assert capture.wait(30)
    assert recorder.calls == ["stop"]
    run_until(lambda: not capture.recording)


def test_what_cannot_begin_is_told_by_capture_finished(capture, monkeypatch):
    def refuse(*arguments, **settings):
        raise SourceUnavailable("no display ':9'", uri="screen:")

    monkeypatch.setattr(controller, "open_recorder", refuse)
    listener = Listener(capture)
    capture.start(None, 80)
    run_until(lambda: not capture.recording)
    assert listener.names == ["capture_finished"]
    assert capture.summary.reason == "source lost"
    assert (capture.summary.captured, capture.summary.written) == (0, 0)
    assert isinstance(capture.error, SourceUnavailable)


@pytest.mark.parametrize(
    ("quality", "format", "recorded"),
    [
        (1, None, ("jpeg", 1)),
        (100, None, ("jpeg", 100)),
        (-1, None, ("png", 80)),
        (-1, "mp4", ("mp4", 80)),
        (50, "mp4", ("mp4", 50)),
    ],
)
def test_what_is_recorded_follows_the_quality(recorder, tmp_path, quality, format, recorded):
    capture = CaptureController(folder=tmp_path, format=format, every_s=0.1, disk_bytes=10**6)
    capture.start(REGION, quality)
    capture.stop()
    run_until(lambda: not capture.recording)
    (uri, out, _), settings = recorder.opened
    assert uri == "screen:10,20,64,48"
    assert settings["options"] == {"display": None}
    assert (settings["format"], settings["quality"]) == recorded
    assert (settings["every_s"], settings["disk_bytes"]) == (0.1, 10**6)
    assert out == capture.out
    assert (out.suffix == ".mp4") == (format == "mp4")


@pytest.mark.parametrize("quality", [0, 101, -2, 80.0, True, "80"])
def test_a_quality_that_there_is_not_is_refused_at_once(capture, quality):
    with pytest.raises(ConfigError, match="1 to 100"):
        capture.start(None, quality)
    assert not capture.recording
    assert capture.out is None


def test_wrong_settings_are_refused_at_once(tmp_path):
    with pytest.raises(UnknownName, match="jpeg"):
        CaptureController(format="jpg")
    with pytest.raises(ConfigError, match="every_s"):
        CaptureController(every_s=0)
    with pytest.raises(ConfigError, match="only the screen has regions"):
        CaptureController(source="testcard:64x48@5").start(REGION, 80)
    assert QCoreApplication.instance() is not None
