"""Coding and decoding of live pictures, each at once."""

from __future__ import annotations

import re
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from rushes.codecs.video import live
from rushes.codecs.video.live import LiveDecoder, LiveEncoder, can_hold, room_for
from rushes.codecs.video.memory import unwrap, wrap
from rushes.errors import ClosedError, ConfigError, CorruptImage, EncodeError, FrameError, UnknownName
from tests.unit.codecs.video.moving import FORMATS, START_NS, STEP_NS, moving, psnr

SIZES = ((320, 240), (322, 242), (161, 91), (64, 33), (16, 16))


def coded(count, *, size=(160, 96), keys=(), step_ns=STEP_NS, **options):
    """Pictures in i420, and their samples."""
    pictures = [moving(size, turn, "i420") for turn in range(count)]
    with LiveEncoder(*size, **options) as encoder:
        return pictures, [
            encoder.encode(each, "i420", START_NS + turn * step_ns, key=turn in keys)
            for turn, each in enumerate(pictures)
        ]


def units(data):
    """The kinds of the units that lie in an Annex B stream."""
    return [data[start.end()] & 31 for start in re.finditer(b"\x00\x00\x01", data)]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_each_picture_comes_out_with_its_own_sample_and_looks_like_it(format, size):
    if format == "i420" and (size[0] % 2 or size[1] % 2):
        pytest.skip("there is no such array")
    decoder = LiveDecoder(max_pixels=room_for(size[1], size[0]))
    with LiveEncoder(*size) as encoder:
        for turn in range(8):
            array = moving(size, turn, format)
            sample = encoder.encode(array, format, START_NS + turn * STEP_NS)
            held = decoder.feed(sample.data, key=sample.key)
            got = held.pixels(format, array.shape)
            assert (got.shape, got.dtype) == (array.shape, array.dtype)
            assert got.flags.c_contiguous
            assert psnr(got, array) > 30
            assert sample.key == (turn == 0)
            # Nearer to this one than to its neighbours: none was delayed.
            assert psnr(got, array) > psnr(got, moving(size, turn - 1, format)) + 3
            assert psnr(got, array) > psnr(got, moving(size, turn + 1, format)) + 3


def test_a_stream_may_change_its_format_but_not_its_size():
    decoder = LiveDecoder()
    with LiveEncoder(64, 48) as encoder:
        for turn, format in enumerate(FORMATS * 2):
            array = moving((64, 48), turn, format)
            sample = encoder.encode(array, format, START_NS + turn * STEP_NS)
            held = decoder.feed(memoryview(sample.data), key=sample.key)
            assert psnr(held.pixels(format, array.shape), array) > 30
        with pytest.raises(FrameError, match="64x48"):
            encoder.encode(moving((64, 50), 0), "bgr24", START_NS)
        with pytest.raises(UnknownName):
            encoder.encode(moving((64, 48), 0), "jpeg", START_NS)


@pytest.mark.parametrize("format", FORMATS)
def test_arrays_that_are_read_only_or_not_in_a_row_are_taken(format):
    array = moving((64, 48), 0, format)
    wide = np.repeat(array, 2, axis=1)[:, ::2]
    array.flags.writeable = False
    with LiveEncoder(64, 48) as encoder:
        for given in (array, wide, array[:, :, None] if format == "gray8" else array):
            sample = encoder.encode(given, format, START_NS, key=True)
            held = LiveDecoder().feed(sample.data, key=True)
            got = held.pixels(format, given.shape)
            assert got.shape == given.shape
            assert psnr(got, given) > 30


def test_an_array_may_be_changed_once_it_is_coded():
    decoder = LiveDecoder()
    array = moving((64, 48), 0, "i420")
    with LiveEncoder(64, 48) as encoder:
        for turn in range(4):
            array[:] = wanted = moving((64, 48), turn, "i420")
            sample = encoder.encode(array, "i420", START_NS + turn * STEP_NS)
            array[:] = 0
            got = decoder.feed(sample.data, key=sample.key).pixels("i420", array.shape)
            assert psnr(got, wanted) > 30


def test_key_frames_come_when_asked_for_and_carry_their_headers():
    pictures, samples = coded(12, keys=(5, 6))
    assert [turn for turn, each in enumerate(samples) if each.key] == [0, 5, 6]
    for turn, each in enumerate(samples):
        kinds = set(units(each.data))
        assert ({7, 8, 5} <= kinds) if each.key else (kinds == {1})
        if each.key:
            got = LiveDecoder().feed(each.data, key=True).pixels("i420", pictures[turn].shape)
            assert psnr(got, pictures[turn]) > 30


def test_key_frames_come_by_time_and_not_by_count():
    _, samples = coded(21, gop_s=2.0, step_ns=400_000_000, size=(32, 32))
    assert [turn for turn, each in enumerate(samples) if each.key] == [0, 5, 10, 15, 20]


def test_a_higher_quality_is_nearer_and_longer():
    sizes, likeness = [], []
    for quality in (20, 60, 95):
        pictures, samples = coded(3, quality=quality)
        held = LiveDecoder().feed(samples[0].data, key=True)
        sizes.append(len(samples[0].data))
        likeness.append(psnr(held.pixels("i420", pictures[0].shape), pictures[0]))
    assert sizes == sorted(sizes)
    assert likeness == sorted(likeness)


def test_what_is_held_gives_fresh_arrays_as_often_as_asked():
    pictures, samples = coded(3)
    decoder = LiveDecoder()
    held = [decoder.feed(each.data, key=each.key) for each in samples]
    for each, picture in zip(held, pictures, strict=True):
        assert each.nbytes >= picture.nbytes
        for _ in range(2):  # the second time too, although the first was painted over
            for format in FORMATS:
                shape = (144, 160) if format == "i420" else moving((160, 96), 0, format).shape
                got = each.pixels(format, shape)
                assert got.flags.writeable
                got[:] = 0
        assert psnr(each.pixels("i420", picture.shape), picture) > 30
    with pytest.raises(CorruptImage, match="160x96"):
        held[0].pixels("bgr24", (96, 162, 3))
    with pytest.raises(FrameError):
        held[0].pixels("bgr24", (96, 160))


def test_broken_data_are_told_and_then_a_key_frame_is_needed():
    pictures, samples = coded(8, keys=(6,))
    for junk in (
        b"",
        b"\x00",
        b"x" * 500,
        bytes(500),
        samples[1].data[:5],
        samples[0].data + samples[1].data,
    ):
        decoder = LiveDecoder()
        decoder.feed(samples[0].data, key=True)
        with pytest.raises(CorruptImage):
            decoder.feed(junk, key=False)
        with pytest.raises(CorruptImage, match="key frame"):
            decoder.feed(samples[1].data, key=False)
        for turn in (6, 7):
            got = decoder.feed(samples[turn].data, key=samples[turn].key)
            assert psnr(got.pixels("i420", pictures[turn].shape), pictures[turn]) > 30


def test_pictures_that_the_library_marks_as_broken_are_told(monkeypatch):
    _, samples = coded(2)
    decoder = LiveDecoder()
    sound = decoder._context

    class Marking:
        def decode(self, packet):
            return [
                SimpleNamespace(is_corrupt=True, width=each.width, height=each.height)
                for each in sound.decode(packet)
            ]

    decoder.feed(samples[0].data, key=True)
    monkeypatch.setattr(decoder, "_context", Marking())
    with pytest.raises(CorruptImage):
        decoder.feed(samples[1].data, key=False)


def test_a_stream_whose_pictures_come_later_than_their_data_is_refused():
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.max_b_frames = Fraction(1, 25), 2
    packets = []
    for turn in range(8):
        frame = wrap(moving((64, 48), turn, "i420"), "i420")
        frame.pts = turn
        packets += context.encode(frame)
    packets += context.encode(None)
    with pytest.raises(CorruptImage):
        LiveDecoder().feed(bytes(packets[0]), key=True)


def test_a_picture_that_is_cut_off_is_told():
    _, samples = coded(6, size=(320, 240), quality=95)
    for turn in range(1, 6):
        decoder = LiveDecoder()
        for each in samples[:turn]:
            decoder.feed(each.data, key=each.key)
        with pytest.raises(CorruptImage):
            decoder.feed(samples[turn].data[: len(samples[turn].data) // 2], key=False)


def test_a_stream_is_decoded_from_a_key_frame_on():
    _, samples = coded(3)
    with pytest.raises(CorruptImage, match="from a key frame on"):
        LiveDecoder().feed(samples[1].data, key=False)
    with pytest.raises(CorruptImage):
        LiveDecoder().feed(samples[1].data, key=True)  # it only says so


def test_a_decoder_makes_no_room_for_more_pixels_than_it_was_told():
    _, samples = coded(1, size=(320, 240))
    LiveDecoder(max_pixels=room_for(240, 320)).feed(samples[0].data, key=True)
    with pytest.raises(CorruptImage):
        LiveDecoder(max_pixels=room_for(64, 64)).feed(samples[0].data, key=True)


@pytest.mark.parametrize("size", [(16, 16384), (16384, 16), (17, 16)])
def test_the_sizes_at_the_border_can_be_had(size):
    assert can_hold(*size)
    array = np.full((size[1], size[0]), 77, np.uint8)
    with LiveEncoder(*size) as encoder:
        sample = encoder.encode(array, "gray8", START_NS)
    held = LiveDecoder(max_pixels=room_for(size[1], size[0])).feed(sample.data, key=True)
    assert psnr(held.pixels("gray8", array.shape), array) > 40


@pytest.mark.parametrize("size", [(15, 16), (16, 15), (16385, 16), (16, 16385), (16384, 16384)])
def test_what_is_too_small_or_too_large_is_refused(size):
    assert not can_hold(*size)
    with pytest.raises(FrameError, match=f"{size[0]}x{size[1]}"):
        LiveEncoder(*size)


def test_wrong_options_are_refused():
    for options in ({"quality": 0}, {"quality": 101}, {"fps": -1}, {"gop_s": 0}, {"threads": 0}):
        with pytest.raises(ConfigError):
            LiveEncoder(64, 48, **options)


def test_a_closed_encoder_says_so():
    encoder = LiveEncoder(64, 48)
    encoder.close()
    encoder.close()
    with pytest.raises(ClosedError):
        encoder.encode(moving((64, 48), 0), "bgr24", START_NS)


def test_an_encoder_that_keeps_pictures_back_is_refused_and_begins_anew(monkeypatch):
    pictures, _ = coded(4)
    with LiveEncoder(160, 96) as encoder:
        sound = encoder._context

        class Slow:
            def encode(self, frame):
                sound.encode(frame)
                return []

        assert encoder.encode(pictures[0], "i420", START_NS).key
        monkeypatch.setattr(encoder, "_context", Slow())
        with pytest.raises(EncodeError, match="0 coded pictures"):
            encoder.encode(pictures[1], "i420", START_NS + STEP_NS)
        monkeypatch.setattr(encoder, "_context", sound)
        assert encoder.encode(pictures[2], "i420", START_NS + 2 * STEP_NS).key
        assert not encoder.encode(pictures[3], "i420", START_NS + 3 * STEP_NS).key


def test_without_an_encoder_it_is_told_at_once(monkeypatch):
    monkeypatch.setattr(live, "names_of", lambda codec: ("no_such_encoder",))
    with pytest.raises(EncodeError, match="no_such_encoder"):
        LiveEncoder(64, 48)


@pytest.mark.parametrize("format", ["bgr24", "rgb24", "bgra"])
def test_the_way_without_the_compiled_core_gives_the_same(monkeypatch, format):
    array = moving((66, 50), 0, format)
    with LiveEncoder(66, 50) as encoder:
        one = unwrap(encoder._frame(array, format), "i420")
        monkeypatch.setattr(live, "compiled", lambda: None)
        monkeypatch.setattr(live, "bgra_to_i420", lambda array: None)
        other = unwrap(encoder._frame(array, format), "i420")
    assert np.abs(one.astype(int) - other).max() <= 2
