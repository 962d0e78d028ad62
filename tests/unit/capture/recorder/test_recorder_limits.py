"""Room: on the disk, in memory, and what is there already."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes import ConfigError, Frame
from rushes.capture.recorder import Recorder, Spool, video_sink
from rushes.capture.recorder.budget import Groups
from tests.unit.capture.recorder.cards import Cards
from tests.unit.capture.recorder.recording import WAIT, end_of, listen, record, shown


class Noise(Cards):
    """The card over noise: every picture takes about as much as a key frame."""

    def __iter__(self):
        chance = np.random.default_rng(1)
        for frame in super().__iter__():
            array = frame.array.copy()
            array[:100] = chance.integers(0, 255, array[:100].shape, np.uint8)
            yield Frame(array, frame.number, captured_ns=frame.captured_ns, format=frame.format)


@pytest.mark.parametrize("budget", [30_000, 100_000, 400_000])
@pytest.mark.parametrize("source", [Cards, Noise])
def test_an_mp4_is_never_longer_than_its_budget(source, budget, tmp_path):
    out = tmp_path / "a.mp4"
    recorder = Recorder(source(3000), out, disk_bytes=budget)
    told = listen(recorder)
    recorder.start()
    summary = end_of(recorder)
    size = out.stat().st_size if out.exists() else 0
    assert size == summary.bytes <= budget
    assert summary.reason == "budget"
    assert (shown(out, "mp4") if size else []) == list(range(summary.written))
    if source is Cards:
        assert size > 0.6 * budget, "room was left that could have been used"
        saved = [item for item in told if item[0] == "pixmap_saved"]
        assert len(saved) == summary.written, "what was said to be saved is there"


def test_a_budget_that_turns_out_too_small_costs_what_was_not_in_the_file_yet(tmp_path):
    """What comes all at once cannot be foreseen: the file is cut to what was whole."""

    class Sudden(Cards):
        def __iter__(self):
            chance = np.random.default_rng(1)
            for frame in super().__iter__():
                if (frame.number or 0) >= 30:
                    frame.array[:160] = chance.integers(0, 255, frame.array[:160].shape, np.uint8)
                yield frame

    out = tmp_path / "a.mp4"
    summary = end_of(record(Sudden(60), out, disk_bytes=120_000))
    assert summary.reason == "budget"
    assert out.stat().st_size == summary.bytes <= 120_000
    assert shown(out, "mp4") == list(range(summary.written))
    assert 20 <= summary.written < 60


@pytest.mark.parametrize("kind", ["jpeg", "qoi"])
def test_a_spool_is_never_longer_than_its_budget(kind, tmp_path):
    summary = end_of(record(Cards(100), tmp_path / "out", format=kind, disk_bytes=200_000, unpack=False))
    size = sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert size == summary.bytes <= 200_000
    assert (summary.reason, len(Spool.open(tmp_path / "out"))) == ("budget", summary.written)
    assert summary.written > 5


@settings(max_examples=200)
@given(st.lists(st.integers(50, 100), min_size=1, max_size=200), st.integers(1, 9000), st.integers(0, 25))
def test_groups_that_were_foreseen_fit(sizes, limit, every):
    """Pictures no larger than the first one: then nothing that was taken is ever refused."""
    groups, held, pending = Groups(limit), 0, 0
    for number, size in enumerate([100, *sizes]):
        if not groups.fits():
            break
        if groups.begins() or (every and number % every == 0):
            held, pending = held + pending, 0
        groups.took(held)
        pending += size
        assert held <= limit or number < 2
    assert held + pending <= max(limit, 200)


def test_memory_for_less_than_one_frame_is_refused_with_the_least_that_works(tmp_path):
    least = 320 * 180 * 3
    for kind in ("mp4", "jpeg"):
        recorder = Recorder(Cards(3), tmp_path / "out", format=kind, memory_bytes=least - 1)
        with pytest.raises(ConfigError, match=str(least)):
            recorder.start()
        assert list(tmp_path.iterdir()) == []
    assert end_of(record(Cards(1), tmp_path / "a.mp4", memory_bytes=least)).written == 1
    half = 320 * 180 * 3 // 2
    assert end_of(record(Cards(1, format="i420"), tmp_path / "b.mp4", memory_bytes=half)).written == 1


@pytest.mark.parametrize("end", ["stop", "cancel"])
def test_an_old_file_stays_until_the_new_one_is_finished_and_wanted(end, tmp_path):
    old = tmp_path / "a.mp4"
    old.write_text("the old one")
    source, five = Cards(5, end="waits"), threading.Event()
    recorder = Recorder(source, old, overwrite=True)
    recorder.on("pixmap_saved", lambda number: five.set() if number == 4 else None)
    recorder.start()
    assert five.wait(WAIT)
    assert old.read_text() == "the old one"
    with pytest.raises(ConfigError, match="being recorded"):
        Recorder(Cards(1), old, overwrite=True).start()
    getattr(recorder, end)()
    end_of(recorder)
    source.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    if end == "cancel":
        assert old.read_text() == "the old one"
    else:
        assert shown(old, "mp4") == [0, 1, 2, 3, 4]


def test_a_cancel_while_the_new_file_is_closed_keeps_the_old_one(tmp_path, monkeypatch):
    old = tmp_path / "a.mp4"
    old.write_text("the old one")
    real = video_sink.Video.close

    def close(self, unwanted):
        real(self, unwanted)
        recorder.cancel()

    monkeypatch.setattr(video_sink.Video, "close", close)
    recorder = record(Cards(5), old, overwrite=True)
    assert end_of(recorder).reason == "cancelled"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.mp4", "the old one")]


def test_what_a_budget_cut_short_takes_the_place_too(tmp_path):
    old = tmp_path / "a.mp4"
    old.write_text("the old one")
    summary = end_of(record(Cards(200), old, overwrite=True, disk_bytes=60_000))
    assert (summary.reason, summary.bytes) == ("budget", old.stat().st_size)
    assert shown(old, "mp4") == list(range(summary.written))


def test_nothing_recorded_keeps_the_old_file(tmp_path):
    old = tmp_path / "a.mp4"
    old.write_text("the old one")
    assert end_of(record(Cards(0), old, overwrite=True)).written == 0
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.mp4", "the old one")]


def test_a_folder_is_never_replaced(tmp_path):
    with pytest.raises(ConfigError, match="name of a file"):
        Recorder(Cards(1), tmp_path, overwrite=True).start()
