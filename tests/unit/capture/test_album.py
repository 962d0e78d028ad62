"""Folders of pictures and single ones, played."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from rushes import ConfigError, DecodeError, SourceLost, SourceUnavailable
from rushes.capture.sources import open_source
from rushes.codecs.lossless import encode_qoi
from tests.unit.capture.closing import closed_while_taken_from

SECOND = 1_000_000_000
PATIENCE_S = 20.0
KINDS = (".jpg", ".png", ".qoi", ".bmp", ".webp", ".JPEG")


def picture(path, value, size=(64, 48)):
    array = np.full((size[1], size[0], 3), value, np.uint8)
    if path.suffix == ".qoi":
        path.write_bytes(encode_qoi(array, "bgr24"))
    else:
        Image.fromarray(array).save(path, quality=95)
    return path


def folder(place, count=6):
    """Gray of 10 for the first, 20 for the second…; a kind of each."""
    for number in range(count):
        picture(place / f"{number:03d}{KINDS[number % len(KINDS)]}", 10 * (number + 1))
    (place / "notes.txt").write_text("no picture")
    return place


def values(frames):
    return [round(float(frame.array.mean()) / 10) for frame in frames]


def test_a_folder_in_the_order_of_its_names(tmp_path):
    with open_source(f"file:{folder(tmp_path)}", pace=False) as source:
        assert (source.info.width, source.info.height, source.info.fps) == (64, 48, 25)
        frames = list(source)
        stats = source.stats()
    assert values(frames) == [1, 2, 3, 4, 5, 6]
    assert {frame.format for frame in frames} == {source.info.format} == {"bgr24"}
    assert [frame.number for frame in frames] == list(range(6))
    steps = {later.captured_ns - earlier.captured_ns for earlier, later in pairwise(frames)}
    assert steps == {SECOND // 25}
    assert (stats.offered, stats.delivered, stats.state) == (6, 6, "ended")


def test_at_the_rate_asked_for(tmp_path):
    began = time.monotonic()
    with open_source(f"file:{folder(tmp_path)}", fps=10) as source:
        assert source.info.fps == 10
        frames = list(source)
        stats = source.stats()
    assert time.monotonic() - began >= 0.5
    assert stats.adds_up
    assert stats.offered == 6
    assert values(frames)[0] == 1


def test_whose_time_is_over_is_dropped(tmp_path):
    with open_source(f"file:{folder(tmp_path)}", fps=20) as source:
        frames = iter(source)
        next(frames)
        time.sleep(0.2)
        assert values([next(frames)])[0] >= 4
        stats = source.stats()
    assert stats.dropped["late"] >= 2
    assert stats.adds_up


@pytest.mark.parametrize("kind", KINDS)
def test_one_picture_is_one_frame(kind, tmp_path):
    path = picture(tmp_path / f"one{kind}", 70)
    with open_source(f"file:{path}") as source:
        assert values(source) == [7]
        assert source.stats().state == "ended"
    with open_source(f"file:{path}", pace=False, loop=True) as source:
        frames = [frame for frame, _ in zip(source, range(4), strict=False)]
    assert values(frames) == [7, 7, 7, 7]
    assert len({frame.captured_ns for frame in frames}) == 4


def test_a_broken_picture_is_dropped_and_the_others_keep_their_times(tmp_path):
    folder(tmp_path)
    whole = (tmp_path / "001.png").read_bytes()
    (tmp_path / "001.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "000.jpg").write_bytes(b"")
    with open_source(f"file:{tmp_path}", pace=False) as source:
        coming = iter(source)
        frames = [next(coming)]
        (tmp_path / "003.bmp").unlink()
        frames += coming
        stats = source.stats()
    assert values(frames) == [3, 5, 6]
    assert frames[1].captured_ns - frames[0].captured_ns == 2 * SECOND // 25
    assert (stats.offered, stats.delivered, stats.dropped) == (6, 3, {"damaged": 3})


def test_another_size_is_no_longer_the_same_source(tmp_path):
    folder(tmp_path)
    picture(tmp_path / "003.bmp", 40, (48, 64))
    with open_source(f"file:{tmp_path}", pace=False) as source:
        frames = iter(source)
        assert values([next(frames) for _ in range(3)]) == [1, 2, 3]
        with pytest.raises(SourceLost, match=r"003\.bmp is 48x64"):
            next(frames)
        assert source.stats().adds_up


def test_nothing_to_play(tmp_path):
    with pytest.raises(SourceUnavailable, match="without pictures"):
        open_source(f"file:{tmp_path}")
    with pytest.raises(SourceUnavailable, match=r"none\.png"):
        open_source(f"file:{tmp_path}/none.png")
    (tmp_path / "a.png").write_bytes(b"no picture at all")
    for place in (tmp_path, tmp_path / "a.png"):
        with pytest.raises(DecodeError):
            open_source(f"file:{place}")
    with pytest.raises(ConfigError, match="coded"):
        open_source(f"file:{tmp_path}", coded=True)


def test_what_was_sound_when_it_was_opened_may_be_gone(tmp_path):
    path = picture(tmp_path / "one.png", 70)
    with open_source(f"file:{path}", loop=True, pace=False) as source:
        path.unlink()
        with pytest.raises(SourceLost, match="not one picture"):
            next(iter(source))


def test_close_ends_it_from_another_thread(tmp_path):
    source = open_source(f"file:{folder(tmp_path)}", loop=True)
    closed_while_taken_from(source, lambda: source)
    assert source.stats().adds_up
