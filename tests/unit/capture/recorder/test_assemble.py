"""Videos, animations and picture folders made of recorded pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from rushes import ConfigError, CorruptImage, JobCancelled, UnknownName
from rushes.capture.recorder import Recorder, assemble
from rushes.capture.recorder.spool import DATA
from rushes.codecs import still
from rushes.codecs.video.demux import MediaInput
from rushes.frame import Frame
from rushes.lifecycle import StopToken
from rushes.testing import read_card
from tests.unit.capture.recorder.cards import Cards

COUNT = 12


def recorded(folder, kind="qoi", *, unpack=False, count=COUNT):
    recorder = Recorder(Cards(count, (321, 181)), folder, format=kind, unpack=unpack)
    recorder.start()
    summary = recorder.wait(30)
    assert summary is not None
    assert summary.written == count
    return folder


@pytest.fixture(
    scope="module", params=[("qoi", False), ("jpeg", False), ("jpeg", True), ("png", True)], ids=str
)
def source(request, tmp_path_factory):
    kind, unpack = request.param
    return recorded(tmp_path_factory.mktemp("spool") / "out", kind, unpack=unpack)


def number(array):
    found = read_card(np.ascontiguousarray(array[..., ::-1]))
    return None if found is None else found[0]


def test_a_video_of_all_at_the_pace_they_were_taken(source, tmp_path):
    told = []
    assert assemble(source, tmp_path / "a.mp4", progress=lambda *each: told.append(each)) == COUNT
    assert told == [(done, COUNT) for done in range(1, COUNT + 1)]
    with MediaInput(tmp_path / "a.mp4") as media:
        frames = list(media.frames())
        assert media.info.fps == pytest.approx(25, rel=0.01)
        assert media.info.duration_s == pytest.approx(COUNT / 25, rel=0.05)
    assert [number(Frame(each.array, format=each.format).to("rgb24").array) for each in frames] == list(
        range(COUNT)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_video_at_another_pace(source, tmp_path):
    assemble(source, tmp_path / "a.mp4", fps=5)
    with MediaInput(tmp_path / "a.mp4") as media:
        assert media.info.duration_s == pytest.approx(COUNT / 5, rel=0.05)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation(source, suffix, tmp_path):
    assemble(source, tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.size == (321, 181)
        assert getattr(image, "n_frames", 0) == COUNT
        seen = []
        for turn in range(COUNT):
            image.seek(turn)
            seen.append(number(np.asarray(image.convert("RGB"))))
    assert seen == list(range(COUNT))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_folder_of_pictures(source, suffix, tmp_path):
    assemble(source, tmp_path / "out", suffix=suffix)
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == [f"{turn:08d}{suffix}" for turn in range(COUNT)]
    assert [number(still.decode(path.read_bytes(), "rgb24").array) for path in files] == list(range(COUNT))


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a.webp", "out"])
def test_a_cancel_leaves_nothing(out, tmp_path):
    source = recorded(tmp_path / "spool")
    stop = StopToken()
    with pytest.raises(JobCancelled):
        assemble(
            source,
            tmp_path / out,
            cancel=stop,
            progress=lambda done, total: stop.set() if done == 3 else None,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]


def test_a_damaged_picture_is_told_and_leaves_nothing(tmp_path):
    source = recorded(tmp_path / "spool")
    data = bytearray((source / DATA).read_bytes())
    data[len(data) // 2] ^= 1
    (source / DATA).write_bytes(data)
    with pytest.raises(CorruptImage, match="damaged"):
        assemble(source, tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a"])
def test_what_is_there_is_replaced_on_request_only(out, tmp_path):
    source = recorded(tmp_path / "spool", count=2)
    (tmp_path / out).write_text("mine")
    with pytest.raises(ConfigError, match="overwrite=True"):
        assemble(source, tmp_path / out)
    assert (tmp_path / out).read_text() == "mine"
    if out != "a":
        assert assemble(source, tmp_path / out, overwrite=True) == 2
        assert (tmp_path / out).stat().st_size > 100
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(FileExistsError):
        assemble(source, tmp_path / "full", overwrite=True)


def test_what_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError):
        assemble(tmp_path / "empty", tmp_path / "a.mp4")
    source = recorded(tmp_path / "spool", count=2)
    with pytest.raises(UnknownName, match=r"\.mp4"):
        assemble(source, tmp_path / "a.avi")
    with pytest.raises(UnknownName, match=r"\.jpg"):
        assemble(source, tmp_path / "out", suffix=".tiff")
    monkeypatch.setattr("rushes.codecs.sequence._MOST_GIF_BYTES", 1000)
    with pytest.raises(ConfigError, match="webp"):
        assemble(source, tmp_path / "a.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "spool"]
