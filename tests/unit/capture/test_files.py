"""Recorded test cards, played."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from rushes import ConfigError, DecodeError, SourceLost, SourceUnavailable
from rushes.capture.sources import open_source
from rushes.capture.testcard import TestCard
from rushes.codecs.video.writer import VideoWriter
from rushes.testing import read_card
from tests.unit.capture.closing import closed_while_taken_from

SECOND = 1_000_000_000
PATIENCE_S = 20.0


def record(path, count=50, fps=25, size=(640, 360)):
    card = TestCard(size[0], size[1], fps, "i420")
    array = np.empty(card.shape, np.uint8)
    with VideoWriter(path, *size, fps=fps) as writer:
        for number in range(count):
            at = SECOND + number * SECOND // fps
            card.draw(array, number, at)
            writer.write(array, at)
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return record(tmp_path_factory.mktemp("video") / "a card.mp4")


def shown(frame):
    """The number that the picture itself shows."""
    found = read_card(frame.to("bgr24").array)
    assert found is not None
    return found[0]


def numbers(frames):
    return [shown(frame) for frame in frames]


def test_every_frame_comes_in_order_with_its_own_time(video):
    with open_source(f"file:{video}", pace=False) as source:
        assert (source.info.width, source.info.height, source.info.format) == (640, 360, "i420")
        assert source.info.fps == pytest.approx(25)
        frames = list(source)
    assert numbers(frames) == list(range(50)) == [frame.number for frame in frames]
    steps = {later.captured_ns - earlier.captured_ns for earlier, later in pairwise(frames)}
    assert all(abs(step - SECOND // 25) < 1_000_000 for step in steps)
    stats = source.stats()
    assert (stats.offered, stats.delivered, dict(stats.dropped)) == (50, 50, {})


def test_an_address_may_be_a_url(video):
    with open_source(f"file://{str(video).replace(' ', '%20')}", pace=False) as source:
        assert len(list(source)) == 50


def test_it_is_played_at_its_own_pace(video):
    began = time.monotonic()
    with open_source(f"file:{video}") as source:
        frames = list(source)
        stats = source.stats()
    assert time.monotonic() - began >= 49 / 25 - 0.05
    assert stats.state == "ended"
    assert stats.adds_up
    assert stats.offered == 50
    # By the wall: what was captured is delivered then, not at once.
    assert frames[-1].captured_ns - frames[0].captured_ns == pytest.approx(49 * SECOND / 25, rel=0.01)


def test_frames_whose_time_is_over_are_dropped_and_counted(video):
    with open_source(f"file:{video}") as source:
        frames = iter(source)
        next(frames)
        time.sleep(0.5)  # a dozen frames
        frame = next(frames)
        assert shown(frame) >= 10
        stats = source.stats()
    assert stats.dropped["late"] >= 8
    assert stats.adds_up


def test_fewer_frames_are_even_ones(video):
    with open_source(f"file:{video}", pace=False, fps=5) as source:
        assert source.info.fps == 5
        found = numbers(source)
        stats = source.stats()
    assert len(found) in (10, 11)
    assert all(4 <= later - earlier <= 6 or earlier == 0 for earlier, later in pairwise(found))
    assert stats.dropped["rate"] == 50 - len(found)
    assert stats.adds_up


def test_it_can_go_round(video):
    with open_source(f"file:{video}", pace=False, loop=True) as source:
        frames = [frame for frame, _ in zip(source, range(120), strict=False)]
        assert numbers(frames) == [*range(50), *range(50), *range(20)]
        times = [frame.captured_ns for frame in frames]
        assert times == sorted(set(times)), "time goes on at the seam"
        assert [frame.number for frame in frames] == list(range(120))


def test_a_damaged_file_goes_on_at_the_next_key_frame(tmp_path):
    path = record(tmp_path / "damaged.mp4", count=100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    with open_source(f"file:{path}", pace=False) as source:
        found = numbers(source)
        stats = source.stats()
    assert found[0] == 0
    assert found[-1] == 99
    assert 0 < stats.dropped["damaged"] <= 50
    assert len(found) == stats.delivered
    assert stats.adds_up


def test_a_truncated_file_gives_what_is_there(tmp_path, video):
    path = tmp_path / "cut.mp4"
    path.write_bytes(video.read_bytes()[: video.stat().st_size * 6 // 10])
    with open_source(f"file:{path}", pace=False) as source:
        found = numbers(source)
    assert found == list(range(len(found)))
    assert len(found) >= 25


def test_no_such_file_no_video_no_path(tmp_path):
    with pytest.raises(SourceUnavailable, match=r"none\.mp4"):
        open_source(f"file:{tmp_path}/none.mp4")
    text = tmp_path / "text.mp4"
    text.write_text("this is no video at all\n" * 100)
    with pytest.raises(DecodeError):
        open_source(f"file:{text}")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(DecodeError):
        open_source(f"file:{tmp_path}/empty.mp4")
    with pytest.raises(ConfigError):
        open_source("file:")


def test_a_file_without_one_sound_frame_is_lost_not_empty(tmp_path, video):
    data = bytearray(video.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = bytes(len(data) - begin)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(data)
    with open_source(f"file:{path}", pace=False) as source, pytest.raises(SourceLost, match="not one frame"):
        list(source)


def test_close_ends_a_paced_iteration_from_another_thread(video):
    source = open_source(f"file:{video}", loop=True)
    closed_while_taken_from(source, lambda: source)
    assert source.stats().adds_up
