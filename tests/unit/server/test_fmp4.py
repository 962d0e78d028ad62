"""Fragments that a player takes, one picture each."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

from rushes.capture.testcard import TestCard
from rushes.codecs.video.live import LiveEncoder
from rushes.codecs.video.live_head import mp4_head
from rushes.codecs.video.pictures import to_picture
from rushes.errors import EncodeError
from rushes.server import fmp4
from rushes.testing import read_card

FRAME_NS = 40_000_000
TICKS = 3600


def samples(count: int, keys: tuple[int, ...] = (0,)) -> list[tuple[bytes, bool]]:
    card = TestCard(640, 360, 25, "i420")
    array = np.empty(card.shape, np.uint8)
    made = []
    with LiveEncoder(640, 360, fps=25) as encoder:
        for number in range(count):
            card.draw(array, number, number * FRAME_NS)
            sample = encoder.encode(array, "i420", number * FRAME_NS, key=number in keys)
            made.append((sample.data, sample.key))
    return made


def test_a_player_reads_every_picture_with_its_time() -> None:
    made = samples(6, keys=(0, 3))
    film = mp4_head(made[0][0], 25) + b"".join(
        fmp4.fragment(number + 1, number * TICKS, TICKS, data, key=key)
        for number, (data, key) in enumerate(made)
    )
    with av.open(io.BytesIO(film), "r", format="mp4") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert [packet.is_keyframe for packet in packets] == [key for _, key in made]
        assert [packet.pts for packet in packets] == [number * TICKS for number in range(6)]
        assert str(packets[0].time_base) == "1/90000"
    with av.open(io.BytesIO(film), "r", format="mp4") as container:
        shown = [to_picture(frame, corrupt=False) for frame in container.decode(video=0)]
    cards = [read_card(picture.array, picture.format) for picture in shown]
    assert cards == [(number, number * 40) for number in range(6)]


@pytest.mark.parametrize("key", [True, False])
def test_a_fragment_says_whether_one_may_begin_there(key: bool) -> None:
    made = fmp4.fragment(1, 0, TICKS, b"\x00\x00\x01\x65abc", key=key)
    # Of a run: size, name, flags, count, offset, then duration, size and flags of its one sample.
    at = made.index(b"trun")
    count, offset, duration, size, flags = struct.unpack_from(">Ii3I", made, at + 8)
    assert (count, duration, size) == (1, TICKS, 8)
    assert made[offset:] == b"\x00\x00\x00\x04\x65abc"
    assert bool(flags & 0x10000) is not key


def test_a_player_may_begin_at_a_later_key_frame() -> None:
    made = samples(6, keys=(0, 3))
    film = mp4_head(made[0][0], 25) + b"".join(
        fmp4.fragment(number + 1, number * TICKS, TICKS, *made[number][:1], key=made[number][1])
        for number in (3, 4, 5)
    )
    with av.open(io.BytesIO(film), "r", format="mp4") as container:
        assert len(list(container.decode(video=0))) == 3


def test_the_name_of_the_coding_is_that_of_its_parameters() -> None:
    ((data, _),) = samples(1)
    name = fmp4.codec_name(data)
    assert name.startswith("avc1.42")
    assert len(name) == len("avc1.42c01f")


def test_units_are_found_behind_short_and_long_start_codes() -> None:
    assert list(fmp4.nal_units(b"\x00\x00\x00\x01\x67ab\x00\x00\x01\x68c\x00\x00\x00\x01\x65d")) == [
        b"\x67ab",
        b"\x68c",
        b"\x65d",
    ]
    assert list(fmp4.nal_units(b"")) == []


def test_a_sample_without_parameters_has_no_name_and_begins_nothing() -> None:
    (_, (data, _)) = samples(2)
    with pytest.raises(EncodeError):
        fmp4.codec_name(data)
    with pytest.raises(EncodeError):
        mp4_head(data)
