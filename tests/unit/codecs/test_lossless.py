"""QOI and PNG from every layout, the other kinds from what Pillow writes, and none of its own limits."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
import qoi
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes.codecs import colour, lossless, sniff, still
from rushes.errors import CorruptImage, DecodeError, EncodeError, FrameError

ENCODE = {"qoi": lossless.encode_qoi, "png": lossless.encode_png}


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def written(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind.upper(), **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *more, depth=8, gray=0):
    """A gray PNG with nearly no pixels in it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, gray, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ENCODE)
@pytest.mark.parametrize("format", colour.FORMATS)
@settings(max_examples=15)
@given(height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 99))
def test_round_trip(kind, format, height, width, seed):
    if format == "i420":
        height, width = 2 * height, 2 * width
    array = colour.exact(noise(height, width, seed=seed), "bgr24", format)
    seen = colour.convert(array, format, "bgr24")
    back = still.decode(ENCODE[kind](array, format), "bgr24")
    assert back.kind == kind
    assert np.array_equal(back.array, seen)


@pytest.mark.parametrize("kind", ENCODE)
@pytest.mark.parametrize("view", [np.s_[::2], np.s_[:, ::2], np.s_[5:20, 7:30], np.s_[::-1, ::-1]])
@pytest.mark.parametrize("format", ["bgr24", "rgb24", "bgra", "gray8"])
def test_any_view_can_be_encoded(kind, view, format):
    array = colour.convert(noise(24, 32), "bgr24", format)[view]
    assert ENCODE[kind](array, format) == ENCODE[kind](array.copy(), format)


@pytest.mark.parametrize(
    ("mode", "format"), [("1", "rgb24"), ("L", "gray8"), ("P", "rgb24"), ("LA", "bgra"), ("RGBA", "bgra")]
)
def test_every_mode_of_png(mode, format):
    rgba = Image.fromarray(noise(6, 5, 4))
    image = rgba.convert("RGB").convert(mode) if mode == "P" else rgba.convert(mode)
    array, found = lossless.decode_pillow(written(image, "png"), "png")
    assert found == format
    want = np.asarray(image.convert("RGBA"))
    assert np.array_equal(colour.convert(array, format, "rgb24"), want[..., :3])
    if format == "bgra":
        assert np.array_equal(array[..., 3], want[..., 3])


def test_a_transparent_colour_is_alpha():
    gray = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    array, found = lossless.decode_pillow(written(gray, "png", transparency=5), "png")
    assert found == "bgra"
    assert (array[..., 3] == 0).sum() == 1


def test_sixteen_bits_keep_the_upper_eight():
    deep = Image.fromarray(np.array([[0, 255, 256], [0x7FFF, 0x8000, 0xFFFF]], np.uint16))
    array, found = lossless.decode_pillow(written(deep, "png"), "png")
    assert found == "gray8"
    assert array.tolist() == [[0, 0, 1], [127, 128, 255]]


@pytest.mark.parametrize("side", [10_000, 16_000])
def test_what_pillow_calls_a_bomb_is_judged_by_our_limit_alone(side):
    # Over its limit Pillow warns, over twice that it refuses, each with a class of its own.
    data = png(side, side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CorruptImage):  # no pixels follow
            still.decode(data, "gray8")
        with pytest.raises(FrameError, match="limit of 1000000 pixels"):
            still.decode(data, max_pixels=1_000_000)


def test_a_second_header_cannot_get_round_the_limit():
    second = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    with pytest.raises((FrameError, CorruptImage)):
        still.decode(png(8, 8, second))


def test_a_large_picture_in_a_small_gif():
    data = bytearray(written(Image.new("P", (8, 8)), "gif"))
    at = data.index(b"\x2c")
    data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(FrameError, match="60000x60000"):
        still.decode(bytes(data))


@pytest.mark.parametrize("kind", ["png", "gif", "bmp", "webp"])
def test_the_limit_holds_for_what_the_reader_finds_too(monkeypatch, kind):
    data = written(Image.new("RGB", (30, 20)), kind)
    monkeypatch.setattr(sniff, "size_of", lambda data, kind: (1, 1))
    with pytest.raises(FrameError, match="30x20"):
        lossless.decode_pillow(data, kind, max_pixels=599)


def test_a_forged_qoi_takes_no_memory(monkeypatch):
    data = bytearray(lossless.encode_qoi(noise(8, 8), "bgr24"))
    data[4:12] = struct.pack(">II", 16_000, 16_000)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptImage, match="QOI"):
            still.decode(bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    data[4:12] = struct.pack(">II", 17_000, 17_000)
    monkeypatch.setattr(qoi, "decode", lambda data: pytest.fail("it was decoded"))
    with pytest.raises(FrameError, match="17000x17000"):
        still.decode(bytes(data))


@pytest.mark.parametrize("kind", ["png", "gif", "bmp", "webp", "qoi"])
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_is_damaged_raises_nothing_but_our_errors(kind, data):
    broken = bytearray(written(Image.fromarray(noise(9, 11)).convert("P" if kind == "gif" else "RGB"), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        # Most of all in the headers, where lengths and kinds stand.
        at = data.draw(st.integers(0, 63) | st.integers(0, len(broken) - 1))
        broken[min(at, len(broken) - 1)] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(broken)) | st.just(len(broken)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = still.decode(bytes(broken[:cut]), max_pixels=10**6)
        except (DecodeError, FrameError):
            return
    assert found.array.shape[2] == 3
    assert not found.partial


@pytest.mark.parametrize("size", [(1, 62), (1, 63), (500, 124)])
def test_the_best_packed_qoi_is_not_taken_for_a_forged_one(size):
    black = np.zeros((*size, 3), np.uint8)
    assert np.array_equal(still.decode(lossless.encode_qoi(black, "bgr24")).array, black)


def test_level_trades_time_for_room():
    smooth = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    assert len(lossless.encode_png(smooth, "gray8", level=9)) < len(
        lossless.encode_png(smooth, "gray8", level=0)
    )


def test_what_cannot_be_a_qoi():
    with pytest.raises(EncodeError, match="QOI"):
        lossless.encode_qoi(np.broadcast_to(np.zeros(3, np.uint8), (0, 5, 3)), "rgb24")
