"""Ends from many threads, beginnings that fail, and options that cannot be."""

from __future__ import annotations

import threading

import pytest

from rushes import ConfigError, SourceUnavailable, UnknownName
from rushes.capture.recorder import Recorder, Spool, sinks, unpack, video_sink
from tests.unit.capture.recorder.cards import Cards
from tests.unit.capture.recorder.recording import EVENTS, WAIT, end_of, listen, record


def test_start_stop_cancel_wait_from_many_threads(tmp_path):
    for turn in range(20):
        recorder = Recorder(Cards(50, (64, 48)), tmp_path / f"{turn}.mp4")
        told = listen(recorder)
        recorder.start()
        gate = threading.Barrier(6)

        def act(what: str, gate: threading.Barrier = gate, recorder: Recorder = recorder) -> None:
            gate.wait()
            getattr(recorder, what)()

        threads = [
            threading.Thread(target=act, args=(what,))
            for what in ("stop", "cancel", "wait", "stop", "wait", "stats")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
            assert not thread.is_alive()
        summary = end_of(recorder)
        ends = [item[0] for item in told if item[0] not in EVENTS[:2]]
        assert ends in (["capture_stopped", "capture_finished"], ["capture_cancelled", "capture_finished"])
        assert (summary.reason == "cancelled") == (ends[0] == "capture_cancelled")
        assert (tmp_path / f"{turn}.mp4").exists() == (summary.written > 0 and summary.reason != "cancelled")


def test_it_records_once(tmp_path):
    recorder = record(Cards(1), tmp_path / "a.mp4")
    end_of(recorder)
    recorder.stop()
    recorder.cancel()
    assert (tmp_path / "a.mp4").exists()
    with pytest.raises(ConfigError, match="once"):
        recorder.start()


def test_an_end_before_the_start(tmp_path):
    recorder = Recorder(Cards(1), tmp_path / "a.mp4")
    recorder.cancel()
    assert end_of(recorder).reason == "cancelled"
    with pytest.raises(ConfigError):
        recorder.start()
    assert list(tmp_path.iterdir()) == []


def test_nothing_recorded_leaves_no_file(tmp_path):
    summary = end_of(record(Cards(0), tmp_path / "a.mp4"))
    assert (summary.captured, summary.bytes, summary.reason) == (0, 0, "source ended")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_is_left_alone(tmp_path):
    taken = tmp_path / "a.mp4"
    taken.write_text("mine")
    recorder = Recorder(Cards(3), taken)
    with pytest.raises(ConfigError, match="overwrite"):
        recorder.start()
    assert taken.read_text() == "mine"
    assert recorder.wait(0) is not None, "nobody waits for ever"
    assert end_of(record(Cards(3), taken, overwrite=True)).written == 3
    end_of(record(Cards(3), tmp_path / "out", format="jpeg", unpack=False))
    assert len(Spool.open(tmp_path / "out")) == 3
    with pytest.raises(ConfigError, match="recording already"):
        Recorder(Cards(3), tmp_path / "out", format="jpeg").start()


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_pictures_of_an_earlier_recording_are_never_overwritten(kind, tmp_path):
    end_of(record(Cards(3), tmp_path / "out", format=kind))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(ConfigError, match="recording already"):
        Recorder(Cards(2, (64, 48)), tmp_path / "out", format=kind).start()
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize("mine", [True, False])
def test_a_cancel_while_pictures_are_unpacked_still_deletes_them(mine, tmp_path, monkeypatch):
    out, inside, go, real = tmp_path / "out", threading.Event(), threading.Event(), unpack
    if mine:
        out.mkdir()
        (out / "mine.txt").write_text("keep")

    def slow(folder, kind, *, progress):
        def first(done, total):
            inside.set()
            assert go.wait(WAIT)
            progress(done, total)

        return real(folder, kind, progress=first)

    monkeypatch.setattr(sinks, "unpack", slow)
    recorder = Recorder(Cards(4), out, format="png")
    told = listen(recorder)
    recorder.start()
    assert inside.wait(WAIT)
    assert len(list(out.glob("*.png"))) == 1
    recorder.cancel()
    go.set()
    summary = end_of(recorder)
    assert (summary.reason, summary.bytes) == ("cancelled", 0)
    assert [item[0] for item in told[-2:]] == ["capture_cancelled", "capture_finished"]
    assert ([path.name for path in out.iterdir()] == ["mine.txt"]) if mine else not out.exists()


def test_an_error_nobody_thought_of_costs_a_frame_and_hangs_nobody(tmp_path, monkeypatch):
    real = video_sink.Video.keep

    def keep(self, encoded, frame):
        if frame.number == 2:
            raise ValueError("unforeseen")
        real(self, encoded, frame)

    monkeypatch.setattr(video_sink.Video, "keep", keep)
    summary = end_of(record(Cards(5), tmp_path / "a.mp4"))
    assert (summary.written, dict(summary.dropped)) == (4, {"bad": 1})


def test_a_source_that_is_not_there_is_told_at_the_start(tmp_path):
    recorder = Recorder("file:/there/is/none.mp4", tmp_path / "a.mp4")
    with pytest.raises(SourceUnavailable):
        recorder.start()
    assert end_of(recorder).reason == "source lost"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [{"every_s": 0}, {"memory_bytes": 0}, {"disk_bytes": -1}, {"quality": 0}, {"threads": 0}]
)
def test_options_that_cannot_be(options, tmp_path):
    with pytest.raises(ConfigError):
        Recorder(Cards(1), tmp_path / "a.mp4", **options)


def test_pictures_cannot_be_overwritten_and_whoever_asks_for_it_is_told(tmp_path):
    with pytest.raises(ConfigError, match="mp4"):
        Recorder(Cards(1), tmp_path / "out", format="jpeg", overwrite=True)


def test_names_that_are_none(tmp_path):
    with pytest.raises(UnknownName, match="jpeg"):
        Recorder(Cards(1), tmp_path / "a", format="jpg")
    with pytest.raises(UnknownName, match="capture_finished"):
        Recorder(Cards(1), tmp_path / "a").on("finished", print)
