"""Small pictures along a stretch of time."""

from __future__ import annotations

import pytest

from rushes.archive.strip import thumbnails
from rushes.errors import ConfigError
from rushes.testing import read_card
from tests.unit.archive.store import STEP, Store, moment


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def strip(store, begin, end, n, **options):
    """(what the card says, the frame's number) of each, for the time from card ``begin`` to ``end``."""
    frames = thumbnails(store.index, store.fetch, "cam", moment(begin), moment(end), n, **options)
    assert all(frame.captured_ns == moment(frame.number) for frame in frames)
    cards = [read_card(frame.array, frame.format) or (-1, -1) for frame in frames]
    return [(card[0], frame.number) for card, frame in zip(cards, frames, strict=True)]


def same(*numbers):
    return [(number, number) for number in numbers]


@pytest.mark.parametrize("coding", ["h264", "h264 with B-frames", "hevc"])
def test_each_part_has_the_key_frame_nearest_to_its_middle(store, coding):
    store.add(range(100), coding)  # key frames: 0, 25, 50, 75
    assert strip(store, 0, 100, 1) == same(50)
    assert strip(store, 0, 100, 2) == same(25, 75)
    assert strip(store, 0, 100, 4) in (same(0, 25, 50, 75), same(25, 50, 75, 75))
    assert strip(store, 20, 60, 2) == same(25, 50)
    assert strip(store, 0, 30, 3) == same(0, 25, 25)


def test_parts_without_pictures_are_left_out(store):
    store.add(range(50))
    store.add(range(250, 300))
    assert strip(store, 0, 300, 6) == same(25, 275)
    assert strip(store, 100, 200, 3) == []
    assert strip(store, -100, 0, 2) == []
    assert strip(store, 0, 100, 400)[:3] == same(0, 0, 0)


def test_a_part_shorter_than_a_group_shows_the_nearest_key_frame(store):
    store.add(range(50))
    assert strip(store, 5, 8, 1) == same(0)
    assert strip(store, 18, 22, 2) == same(25, 25)


def test_a_damaged_one_is_left_out_and_the_others_are_there(store, caplog):
    segment = store.add(range(75))
    second = list(store.index.segment_gops(segment.id))[1].gop
    data = bytearray((store.root / segment.path).read_bytes())
    data[second.offset + 50] ^= 1
    (store.root / segment.path).write_bytes(data)
    assert strip(store, -12, 63, 3) == same(0, 50)
    assert segment.path in caplog.text


def test_they_are_small_of_the_same_shape_and_never_enlarged(store):
    store.add(range(5), size=(1280, 720))
    store.add(range(5), channel="small", size=(160, 90))
    (frame,) = thumbnails(store.index, store.fetch, "cam", moment(0), moment(5), 1)
    assert (frame.format, frame.shape, frame.channel) == ("i420", (270, 320), "cam")
    (frame,) = thumbnails(store.index, store.fetch, "cam", moment(0), moment(5), 1, width=101)
    assert frame.shape == (56 * 3 // 2, 100)
    (frame,) = thumbnails(store.index, store.fetch, "small", moment(0), moment(5), 1)
    assert frame.shape == (135, 160)


@pytest.mark.parametrize(
    ("end", "n", "width", "option"),
    [(0, 3, 320, "end"), (5, 0, 320, "n"), (5, 10_001, 320, "n"), (5, 3, 8, "width")],
)
def test_what_cannot_be_asked(store, end, n, width, option):
    with pytest.raises(ConfigError) as told:
        thumbnails(store.index, store.fetch, "cam", moment(0), moment(0) + end * STEP, n, width)
    assert told.value.option == option
