"""Recordings, from their first frame to their summary."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from rushes import Depot, Frame
from rushes.capture.recorder import Recorder, sinks
from rushes.capture.sources import open_source
from rushes.codecs import still
from tests.unit.capture.recorder.cards import Cards
from tests.unit.capture.recorder.recording import WAIT, end_of, listen, record, shown


@pytest.mark.parametrize("kind", ["mp4", "jpeg", "qoi", "png"])
@pytest.mark.parametrize(("size", "format"), [((321, 181), "bgr24"), ((320, 180), "i420")])
def test_all_frames_of_a_source_are_recorded_in_order(kind, size, format, tmp_path):
    out = tmp_path / "out"
    recorder = Recorder(Cards(30, size, format), out, format=kind)
    told = listen(recorder)
    recorder.start()
    summary = end_of(recorder)
    assert summary.reason == "source ended"
    assert (summary.captured, summary.written, dict(summary.dropped)) == (30, 30, {})
    assert shown(out, kind) == list(range(30))
    files = [out] if kind == "mp4" else list(out.iterdir())
    assert summary.bytes == sum(path.stat().st_size for path in files)
    names = [item[0] for item in told]
    assert names[-2:] == ["capture_stopped", "capture_finished"]
    for number in range(30):
        assert told.index(("frame_changed", number)) < told.index(("pixmap_saved", number))
    assert [item[1] for item in told if item[0] == "pixmap_saved"] == sorted(
        range(30), key=lambda n: told.index(("pixmap_saved", n))
    )
    assert told[-1][1] == summary == recorder.summary


def test_pixels_without_loss(tmp_path):
    source = Cards(3, (33, 17), "bgra")
    end_of(record(source, tmp_path / "out", format="png"))
    array = np.empty(source.card.shape, np.uint8)
    decoded = [still.decode(path.read_bytes(), "bgra").array for path in sorted((tmp_path / "out").iterdir())]
    assert len(decoded) == 3
    source.card.draw(array, 0, 0)
    # Above the strip, which holds the time.
    assert np.array_equal(decoded[0][:10, ..., :3], array[:10, ..., :3])


@pytest.mark.parametrize("kind", ["mp4", "jpeg"])
def test_stop_keeps_and_cancel_deletes_its_own_output_only(kind, tmp_path):
    for end in ("stop", "cancel"):
        out = tmp_path / end / "out"
        if kind == "jpeg":
            out.mkdir(parents=True)
            (out / "mine.txt").write_text("keep")
        source = Cards(5, end="waits")
        recorder = Recorder(source, out, format=kind)
        told = listen(recorder)
        five = threading.Event()
        recorder.on("pixmap_saved", lambda number, five=five: five.set() if number == 4 else None)
        recorder.start()
        assert five.wait(WAIT)
        getattr(recorder, end)()
        summary = end_of(recorder)
        source.close()
        names = [item[0] for item in told]
        if end == "stop":
            assert summary.reason == "stopped"
            assert names[-2:] == ["capture_stopped", "capture_finished"]
            assert shown(out, kind) == [0, 1, 2, 3, 4]
        else:
            assert (summary.reason, summary.bytes) == ("cancelled", 0)
            assert names[-2:] == ["capture_cancelled", "capture_finished"]
            left = [path.name for path in out.iterdir()] if out.exists() else []
            assert left == (["mine.txt"] if kind == "jpeg" else [])


def test_a_callback_that_raises_hurts_nobody(tmp_path, caplog):
    recorder = Recorder(Cards(5), tmp_path / "a.mp4")
    seen: list[int] = []
    recorder.on("pixmap_saved", lambda number: 1 / 0)
    recorder.on("pixmap_saved", seen.append)
    recorder.on("capture_finished", lambda summary: 1 / 0)
    recorder.start()
    assert end_of(recorder).written == 5
    assert seen == [0, 1, 2, 3, 4]
    assert "ZeroDivisionError" in caplog.text


def test_a_slow_callback_cannot_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("rushes.capture.recorder.events._MOST_WAITING", 10)
    recorder = Recorder(Cards(200, (16, 16)), tmp_path / "out", format="jpeg")
    go = threading.Event()
    told: list[Any] = []
    recorder.on("pixmap_saved", lambda number: go.wait(WAIT))
    recorder.on("pixmap_saved", told.append)
    recorder.on("capture_finished", told.append)
    recorder.start()
    while recorder.stats().written < 200:
        time.sleep(0.005)
    go.set()
    summary = end_of(recorder)
    assert told[-1] == summary
    assert len(told) < 50


def test_a_slow_disk_drops_what_does_not_fit_and_says_so(tmp_path, monkeypatch):
    go, most = threading.Event(), [0]
    real = sinks.Pictures.keep

    def slow(self, encoded, frame):
        most[0] = max(most[0], recorder._queue.bytes)
        assert go.wait(WAIT)
        real(self, encoded, frame)

    monkeypatch.setattr(sinks.Pictures, "keep", slow)
    frame_bytes = 320 * 180 * 3
    recorder = Recorder(Cards(50), tmp_path / "out", format="jpeg", memory_bytes=10 * frame_bytes)
    recorder.start()
    while recorder.stats().offered < 50:
        time.sleep(0.005)
    assert recorder.stats().adds_up
    assert recorder.stats().waiting == 10
    go.set()
    summary = end_of(recorder)
    assert (summary.written, dict(summary.dropped)) == (10, {"memory": 40})
    assert most[0] <= 10 * frame_bytes
    assert shown(tmp_path / "out", "jpeg") == list(range(10))


@pytest.mark.parametrize("kind", ["mp4", "jpeg"])
def test_a_disk_budget_ends_it(kind, tmp_path):
    recorder = record(Cards(500), tmp_path / "out", format=kind, disk_bytes=60_000)
    summary = end_of(recorder)
    assert summary.reason == "budget"
    assert summary.dropped["budget"] > 0
    assert len(shown(tmp_path / "out", kind)) == summary.written > 0
    assert summary.bytes < 200_000


@pytest.mark.parametrize(("end", "reason"), [("lost", "source lost"), ("raises", "source lost")])
def test_a_source_that_breaks_ends_it_and_what_there_is_stays(end, reason, tmp_path):
    summary = end_of(record(Cards(7, end=end), tmp_path / "a.mp4"))
    assert (summary.reason, summary.written) == (reason, 7)
    assert shown(tmp_path / "a.mp4", "mp4") == list(range(7))


def test_a_frame_that_does_not_fit_is_dropped_alone(tmp_path):
    class Changing(Cards):
        def __iter__(self):
            for frame in super().__iter__():
                yield Frame(np.zeros((10, 10, 3), np.uint8), 9) if frame.number == 2 else frame

    summary = end_of(record(Changing(5), tmp_path / "a.mp4"))
    assert (summary.written, dict(summary.dropped)) == (4, {"bad": 1})
    assert shown(tmp_path / "a.mp4", "mp4") == [0, 1, 3, 4]


def test_fewer_frames_than_the_source_has(tmp_path):
    summary = end_of(record(Cards(50), tmp_path / "out", format="jpeg", every_s=0.2))
    assert summary.captured == 50
    assert summary.dropped["rate"] == 40
    assert shown(tmp_path / "out", "jpeg") == list(range(0, 50, 5))


def test_an_address_is_opened_at_the_rate_and_closed(tmp_path):
    recorder = record("testcard:320x180", tmp_path / "a.mp4", every_s=0.02)
    while recorder.stats().written < 10:
        time.sleep(0.005)
    recorder.stop()
    summary = end_of(recorder)
    assert summary.reason == "stopped"
    source: Any = recorder._source
    assert source.info.fps == pytest.approx(50)
    assert source.stats().state == "closed"
    assert shown(tmp_path / "a.mp4", "mp4") == sorted(shown(tmp_path / "a.mp4", "mp4"))


def test_frames_under_a_lease_are_given_back(tmp_path):
    card = Cards(1)
    with Depot.create("test-recorded", slots=4, shape=card.card.shape) as depot:
        depot.put(next(iter(card)).array, 0)
        with open_source("depot:test-recorded") as source:
            recorder = record(source, tmp_path / "a.mp4", every_s=0.001)
            for number in range(1, 30):
                depot.put(next(iter(card)).array, number)
                while recorder.stats().waiting > 2:
                    time.sleep(0.001)
                time.sleep(0.003)
            while recorder.stats().waiting:
                time.sleep(0.001)
            assert depot.leases() == [], "no frame is held while the next is waited for"
            recorder.stop()
            depot.put(next(iter(card)).array, 99)  # what the intake waits for
            assert end_of(recorder).written > 10
