"""``rushes send`` and ``rushes recv``, each against the other end in this process."""

from __future__ import annotations

import itertools
import json
import os
import signal

import numpy as np
import pytest

from rushes.capture import Recorder
from rushes.capture.records import SourceStats
from rushes.cli import main
from rushes.cli.stream import _finish
from rushes.cli.stream_run import Rates, Work, display
from rushes.codecs import still
from rushes.codecs.video.demux import MediaInput
from rushes.errors import SourceLost
from rushes.frame import Frame
from rushes.interfaces import SourceInfo
from rushes.stream import StreamStats
from rushes.testing import read_card
from rushes.wire.keys import new
from tests.unit.cli.ends import PATIENCE_S, interrupted, receiving, sending

NUMBERS = itertools.count()


@pytest.fixture
def endpoint():
    return f"ipc://test-cli-{os.getpid()}-{next(NUMBERS)}"


def test_recv_counts_frames_gaps_and_ages(endpoint, capsys):
    with sending(endpoint):
        assert main(["recv", endpoint, "--frames", "10", "--json"]) == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert said["delivered"] == 10
    assert said["adds_up"]
    assert said["expected"] == said["delivered"] + sum(said["dropped"].values()) + said["waiting"]
    assert 0 < said["age_ms"]["p50"] <= said["age_ms"]["p95"] < 1000 * PATIENCE_S
    assert endpoint in err


def test_recv_prints_its_ledger(endpoint, capsys):
    with sending(endpoint):
        assert main(["recv", endpoint, "--for", "300ms"]) == 0
    ledger = capsys.readouterr().out.splitlines()
    assert ledger[1].split()[:3] == ["edge", "offered", "delivered"]
    assert ledger[2].split()[0] == "stream"
    assert ledger[2].split()[-1] == "yes"
    assert "age p50" in ledger[3]


def test_recv_fails_when_nothing_ever_came(endpoint, capsys):
    assert main(["recv", endpoint, "--for", "200ms"]) == 1
    assert "nothing came from" in capsys.readouterr().err


def test_ctrl_c_before_anything_came_is_an_interruption(endpoint):
    with interrupted():
        assert main(["recv", endpoint]) == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_the_normal_end_of_both(endpoint, capsys):
    with sending(endpoint) as streamer, interrupted(lambda: streamer.stats().sent > 20):
        assert main(["recv", endpoint, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delivered"] > 0
    with receiving(endpoint) as numbers, interrupted(lambda: len(numbers) > 5):
        assert main(["send", "testcard:64x48@50", endpoint, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["adds_up"]
    assert said["capture"]["adds_up"]
    assert said["sent"] >= len(numbers) > 5


def test_recv_records_an_mp4_with_the_times_of_the_sender(endpoint, tmp_path, capsys):
    with sending(endpoint):
        assert main(["recv", endpoint, "-o", f"{tmp_path}/a.mp4", "--frames", "20", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    with MediaInput(tmp_path / "a.mp4") as media:
        frames = [Frame(each.array, format=each.format) for each in media.frames()]
    assert len(frames) == said["written"] == 20
    cards = [read_card(frame.to("bgr24").array) for frame in frames]
    numbers = [card[0] for card in cards if card]
    assert len(numbers) == 20
    assert numbers == sorted(set(numbers))


def test_recv_records_pictures(endpoint, tmp_path, capsys):
    folder = tmp_path / "pictures"
    with sending(endpoint):
        code = main(["recv", endpoint, "-o", str(folder), "--format", "png", "--frames", "5", "--json"])
    assert (code, json.loads(capsys.readouterr().out)["written"]) == (0, 5)
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == 5
    assert still.decode(pictures[0].read_bytes()).array.shape == (180, 320, 3)


def test_recv_shows_frames_until_escape(endpoint, monkeypatch):
    shown = []

    def display(array):
        shown.append(array)
        if len(shown) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("rushes.stream.handlers.display", display)
    with sending(endpoint):
        assert main(["recv", endpoint, "--view"]) == 0
    assert [(each.shape, each.dtype) for each in shown] == [((180, 320, 3), np.uint8)] * 3


def test_keys_open_a_stream_and_wrong_ones_do_not(tmp_path, capsys):
    new(tmp_path / "ours")
    new(tmp_path / "theirs")
    with sending("tcp://127.0.0.1:0", keys=tmp_path / "ours") as streamer:
        for keys, code in (("ours", 0), ("theirs", 1)):
            words = [
                "recv",
                streamer.address,
                "--keys",
                str(tmp_path / keys),
                "--frames",
                "3",
                "--for",
                "20s",
            ]
            assert main(words) == code
    assert "check keys=" in capsys.readouterr().err


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    recorder = Recorder("testcard:320x180@25", path, every_s=0.04)
    recorder.on("pixmap_saved", lambda number: recorder.stop() if number == 11 else None)
    recorder.start()
    summary = recorder.wait(PATIENCE_S)
    assert summary is not None
    return path, summary.written


def test_a_file_is_sent_to_its_last_frame(endpoint, film, capsys):
    path, count = film
    with receiving(
        f"{endpoint}?shm=no"
    ) as numbers:  # so that frames wait to be coded, and then in the network
        assert main(["send", f"file:{path}", endpoint, "--wait", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
    assert said["offered"] == said["capture"]["delivered"] <= count
    assert (said["sent"], said["dropped"]) == (said["offered"], {})
    assert numbers[-1] == said["offered"] - 1


def test_what_waits_at_the_end_is_let_through():
    waiting = [3, 1, 0]

    class Busy:
        def stats(self):
            return StreamStats(waiting=waiting.pop(0) if waiting else 0)

    work = Work(lambda: None, "ended")
    work.join()
    _finish(Camera(), Busy(), work)  # type: ignore[arg-type]
    assert waiting == []


def test_a_file_begins_again(endpoint, film, capsys):
    path, count = film
    assert main(["send", f"file:{path}", endpoint, "--loop", "--for", "1500ms", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["offered"] + said["capture"]["dropped"].get("late", 0) > count
    assert said["dropped"] == {"no receiver": said["offered"]}


class Camera:
    """Gives three frames and breaks."""

    info = SourceInfo(8, 8, 0.0, "bgr24")

    def __iter__(self):
        for number in range(3):
            yield Frame(np.zeros((8, 8, 3), np.uint8), number)
        raise SourceLost("the cable is out")

    def stats(self):
        return SourceStats("camera", offered=3, delivered=3)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def test_a_lost_source_fails_with_its_cause_and_the_ledger(endpoint, monkeypatch, capsys):
    monkeypatch.setattr("rushes.capture.open_source", lambda uri, **options: Camera())
    assert main(["send", "screen:", endpoint]) == 1
    out, err = capsys.readouterr()
    assert "error: the cable is out" in err
    rows = {words[0]: words[1] for line in out.splitlines() if len(words := line.split()) > 1}
    assert (rows["source"], rows["stream"]) == ("3", "3")


def test_waiting_for_a_receiver_ends_in_time(endpoint, capsys):
    assert main(["send", "testcard:", endpoint, "--wait", "--for", "100ms"]) == 0
    assert "waiting for a receiver" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["send", "testcard:", "tcp://*:5599"], "keys"),
        (["send", "testcard:", "udp://127.0.0.1:5599"], "tcp"),
        (["send", "testcard:", "ipc://a", "--codec", "gif"], "jpeg"),
        (["send", "testcard:", "shm://a", "--wait"], "--wait"),
        (["recv", "ipc://a", "--frames", "0"], "--frames"),
        (["recv", "ipc://a", "--view", "-o", "b.mp4"], "one of them"),
        (["recv", "ipc://a", "--format", "png"], "-o"),
        (["recv", "ipc://a", "--overwrite"], "-o"),
        (["recv", "ipc://a", "-o", "pictures", "--overwrite"], "is for an mp4"),
        (["recv", "ipc://a", "-o", "docs", "--format", "mp4", "--overwrite"], "the name of a file"),
        (["recv", "ipc://a", "-o", "pyproject.avi", "--format", "avi"], "mp4"),
        (["recv", "ipc://a", "--for", "10"], "no unit"),
    ],
)
def test_what_cannot_be_is_told_as_usage(words, hint, capsys):
    assert main(words) == 2
    assert hint in capsys.readouterr().err


def test_an_mp4_is_not_written_over(endpoint, tmp_path, capsys):
    out = tmp_path / "kept.mp4"
    out.write_bytes(b"precious")
    assert main(["recv", endpoint, "-o", str(out)]) == 2
    assert f"{out} exists; give another name, or --overwrite" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"


def test_an_mp4_is_written_over_when_that_was_asked_for(endpoint, tmp_path, capsys):
    out = tmp_path / "old.mp4"
    out.write_bytes(b"old")
    words = ["recv", endpoint, "-o", str(out), "--overwrite", "--json"]
    assert main([*words, "--for", "200ms"]) == 1  # nothing came
    assert out.read_bytes() == b"old"
    capsys.readouterr()
    with sending(endpoint):
        assert main([*words, "--frames", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 5
    with MediaInput(out) as media:
        assert len(list(media.frames())) == 5
    assert [each.name for each in tmp_path.iterdir()] == ["old.mp4"]


def test_rates_are_those_of_the_last_seconds():
    rates = Rates(2.0)
    assert rates.of(0.0, 0, 0) == (0.0, 0.0)
    assert rates.of(1.0, 30, 1000) == (30.0, 1000.0)
    for second in range(2, 10):
        rates.of(float(second), 30, 1000)
    assert rates.of(10.0, 90, 1000) == (30.0, 0.0)


def test_lines_come_every_two_seconds_where_they_pile_up(capsys):
    with display(quiet=False) as show:
        for running_s in (0.5, 1.9, 2.1, 3.0, 4.2):
            show(running_s, lambda at_s: f"at {at_s}")
    assert capsys.readouterr().out.splitlines() == ["at 2.1", "at 4.2"]
