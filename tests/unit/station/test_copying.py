"""A recorder's own connection to a camera, without the process around it."""

from __future__ import annotations

import os
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rushes import Box, Frame
from rushes.archive import Archive, RecordingStats
from rushes.capture import open_source
from rushes.capture.records import SourceStats
from rushes.station import copying
from rushes.station.copying import Copying, _Counts
from rushes.station.making import make_figures
from rushes.station.messages import Came
from rushes.testing import read_card
from tests.support.coded import encode
from tests.support.streams import eventually


class Heard:
    """The parent's end of a recorder's pipe."""

    def __init__(self):
        self.words = []

    def say(self, word):
        self.words.append(word)
        return True

    say_last = say


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "data", min_free_bytes=0) as made:
        yield made


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def film(tmp_path):
    return encode(tmp_path / "walk.mp4", 50, size=(320, 180), b_frames=0)


@pytest.fixture
def begin(archive, heard):
    """Begins to copy what is at an address; ended after the test."""
    begun = []

    def begin(uri):
        begun.append(Copying("front", uri, "", archive, heard))
        return begun[-1]

    yield begin
    for each in begun:
        each.finish()


def told(line, heard):
    line.tell()
    word = heard.words[-1]
    came = word.camera
    assert came.offered == came.delivered + sum(came.dropped.values()) + came.waiting
    assert word.written + sum(word.dropped.values()) <= came.delivered
    return word


def test_a_film_is_in_the_archive_as_it_was_coded_and_each_moment_is_right(
    begin, heard, archive, film, tmp_path
):
    line = begin(f"file:{film}")
    eventually(lambda: told(line, heard).written >= 60, "more than one round is recorded")
    assert heard.words[-1].state == "recording"
    line.finish()
    line.tell(final=True)
    last = heard.words[-1]
    assert (last.final, last.waiting, last.camera.waiting, last.state) == (True, 0, 0, "stopped")
    assert last.camera.delivered == last.written + sum(last.dropped.values())
    (segment,) = archive._index.segments()
    with (
        open_source(f"file:{film}", coded=True, pace=False) as before,
        open_source(f"file:{tmp_path / 'data' / segment.path}", coded=True, pace=False) as kept,
    ):
        pictures = [each.packet.bytes() for each in before.packets()]
        again = [each.packet.bytes() for each in kept.packets()]
    assert len(again) == last.written
    assert again == [pictures[place % 50] for place in range(len(again))]
    (span,) = archive.spans("front")
    for at_ns in range(span.start_ns, span.end_ns, 300_000_000):
        frame = archive.frame_at("front", at_ns / 1e9)
        card = read_card(frame.to("bgr24").array)
        assert card is not None
        assert card[0] == frame.number % 50
        assert frame.number == (at_ns - span.start_ns) // 40_000_000


def test_what_workers_find_in_the_frames_is_kept_with_it(archive, heard, film):
    found = Box(0.1, 0.1, 0.2, 0.2, label="cat")
    depot = make_figures(f"test-copying-{os.getpid()}")
    line = Copying("front", f"file:{film}", depot.name, archive, heard)
    try:
        eventually(lambda: told(line, heard).written > 0, "it is recorded")

        def kept():
            now_ns = time.time_ns()
            dot = np.zeros((1, 1), np.uint8)
            depot.put(Frame(dot, captured_ns=now_ns, format="gray8", track="cats", figures=(found,)))
            return archive.figures_between("front", now_ns / 1e9 - 60, now_ns / 1e9)

        eventually(kept, "figures are kept")
    finally:
        line.finish()
        depot.unlink()
        depot.close()


def test_a_camera_that_is_not_there_is_told_of_and_holds_up_no_end(begin, heard):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        line = begin(f"rtsp://ann:s3cret@127.0.0.1:{held.getsockname()[1]}/live")
        eventually(lambda: "refused" in told(line, heard).state, "it says why")
        line.finish()
        line.tell(final=True)
    assert heard.words[-1].final
    assert "s3cret" not in repr(heard.words)
    assert not any(each.name == "recorder front" for each in threading.enumerate())


def test_what_is_not_there_is_tried_again_until_it_is(begin, heard, film, monkeypatch):
    monkeypatch.setattr(copying, "_AGAIN_S", 0.05)
    hidden = film.rename(film.with_suffix(".away"))
    line = begin(f"file:{film}")
    eventually(lambda: "walk.mp4" in told(line, heard).state, "it says why")
    hidden.rename(film)
    eventually(lambda: told(line, heard).written > 0, "it is recorded")


def test_another_coding_is_told_with_its_remedy(begin, heard, tmp_path):
    line = begin(f"file:{encode(tmp_path / 'old.avi', 5, 'mpeg4', (320, 180))}")
    eventually(lambda: told(line, heard).state.startswith("cannot be copied: "), "it says why")
    line.finish()
    line.tell(final=True)
    said = heard.words[-1].state
    assert "mpeg4" in said
    assert said.endswith("in a station: record = true")


def test_a_recording_that_ended_is_begun_anew_with_nothing_lost_unsaid(
    begin, heard, archive, film, monkeypatch
):
    monkeypatch.setattr(copying, "_AGAIN_S", 0.05)
    line = begin(f"file:{film}")
    eventually(lambda: told(line, heard).camera.delivered > 3, "it records")
    line._recording.stop()  # as a full disk would
    before = told(line, heard).camera.delivered
    eventually(lambda: told(line, heard).camera.delivered > before + 3, "it records again")
    assert heard.words[-1].state == "recording"
    line.finish()
    line.tell(final=True)
    last = heard.words[-1]
    assert last.camera.delivered == last.written + sum(last.dropped.values())
    assert set(last.dropped) <= {"not recorded"}


@pytest.mark.parametrize(
    ("over", "dropped"), [(False, {"memory": 1}), (True, {"memory": 1, "not recorded": 2})]
)
def test_what_a_recording_that_had_ended_did_not_take_is_lost_and_not_waiting(over, dropped):
    recording = RecordingStats("front", offered=8, written=7, dropped={"memory": 1})
    source = SourceStats("front", offered=13, delivered=10, dropped={"damaged": 3})
    counts = _Counts()
    kept: Any = SimpleNamespace(stats=lambda: recording)
    seen: Any = SimpleNamespace(stats=lambda: source)
    counts.add(kept, seen, over=over)
    assert (counts.written, dict(counts.dropped)) == (7, dropped)
    assert counts.came() == Came(offered=13, delivered=10, dropped={"damaged": 3}, waiting=0)
