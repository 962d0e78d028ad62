"""Pictures of every kind: whole, broken, misnamed, and pretending to be huge."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes import ConfigError, CorruptImage, DecodeError, FrameError, UnknownName, UnsupportedFormat
from rushes.codecs import jpeg, lossless, sniff, still

LOSSLESS = ("png", "qoi", "bmp", "webp")


def picture(height=37, width=53, channels=3, seed=0):
    """Blocks of colour with a gradient, so that JPEG has something to keep."""
    chance = np.random.default_rng(seed)
    blocks = chance.integers(0, 256, (-(-height // 8), -(-width // 8), channels), np.uint8)
    return np.repeat(np.repeat(blocks, 8, 0), 8, 1)[:height, :width].copy()


def packed(kind, array):
    """The file's bytes of a bgr24 array."""
    if kind == "jpeg":
        return jpeg.encode(array, "bgr24", 95, subsampling="444")
    if kind == "qoi":
        return lossless.encode_qoi(array, "bgr24")
    if kind == "png":
        return lossless.encode_png(array, "bgr24")
    out = io.BytesIO()
    options = {"lossless": True} if kind == "webp" else {}
    Image.fromarray(array[..., ::-1]).save(out, kind.upper(), **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", sniff.KINDS)
def test_the_kind_and_the_size_are_told_from_the_bytes(kind):
    data = packed(kind, picture(37, 53))
    assert sniff.kind_of(data) == kind
    assert sniff.size_of(data, kind) == (37, 53)
    found = still.decode(data)
    assert (found.kind, found.array.shape, found.partial) == (kind, (37, 53, 3), False)


@pytest.mark.parametrize("kind", LOSSLESS)
@settings(max_examples=25)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_without_loss_every_pixel_comes_back(kind, height, width, seed):
    array = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert np.array_equal(still.decode(packed(kind, array)).array, array)


@pytest.mark.parametrize("encode", [lossless.encode_qoi, lossless.encode_png])
def test_alpha_and_gray_come_back(encode):
    array = np.random.default_rng(3).integers(0, 256, (9, 7, 4), np.uint8)
    assert np.array_equal(still.decode(encode(array, "bgra"), "bgra").array, array)
    gray = array[..., 0].copy()
    assert np.array_equal(still.decode(encode(gray, "gray8"), "gray8").array, gray)
    column = np.random.default_rng(4).integers(0, 256, (9, 14, 3), np.uint8)[:, ::2]
    assert np.array_equal(still.decode(encode(column, "bgr24")).array, column)


@pytest.mark.parametrize("kind", sniff.KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_picture_is_corrupt_never_half(kind, share):
    data = packed(kind, picture(120, 160, seed=5))
    with pytest.raises(CorruptImage):
        still.decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["jpeg", "png", "qoi", "webp"])
def test_damaged_bytes_raise_or_give_a_whole_picture(kind):
    data = packed(kind, picture(64, 64, seed=6))
    raised = 0
    for at in range(0, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        try:
            assert still.decode(bytes(broken)).array.ndim == 3
        except (DecodeError, FrameError):
            raised += 1
    assert raised > 0


@pytest.mark.parametrize("data", [b"garbage that is no picture at all", b"%PDF-1.4 ....", bytes(64)])
def test_what_is_no_picture(data):
    with pytest.raises(UnsupportedFormat, match="jpeg, png"):
        still.decode(data)


def test_nothing_at_all():
    with pytest.raises(CorruptImage, match="0 bytes"):
        still.decode(b"")


def forged(kind, height=65500, width=65500):
    """A small file whose header says that it is huge."""
    data = bytearray(packed(kind, picture(8, 8)))
    if kind == "jpeg":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif kind == "png":
        import zlib

        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    elif kind == "qoi":
        data[4:12] = struct.pack(">II", width, height)
    elif kind == "gif":
        data[6:10] = struct.pack("<HH", width, height)
    elif kind == "bmp":
        data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


@pytest.mark.parametrize("kind", ["jpeg", "png", "qoi", "gif", "bmp"])
def test_a_forged_size_is_refused_before_memory_is_taken(kind):
    data = forged(kind)
    tracemalloc.start()
    try:
        with pytest.raises(FrameError, match="65500x65500"):
            still.decode(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    with pytest.raises(FrameError):
        still.decode(packed(kind, picture(20, 30)), max_pixels=599)


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_a_jpeg_is_made_smaller_while_decoding(scale):
    array = picture(121, 163, seed=7)
    data = packed("jpeg", array)
    small = still.decode(data, scale=scale).array
    assert small.shape == (-(-121 // scale), -(-163 // scale), 3)
    means = (
        array[: 120 // scale * scale, : 160 // scale * scale]
        .reshape(120 // scale, scale, 160 // scale, scale, 3)
        .mean((1, 3))
    )
    assert np.abs(small[: 120 // scale, : 160 // scale].astype(float) - means).mean() < 12
    with pytest.raises(ConfigError, match="1, 2, 4, 8"):
        still.decode(data, scale=3)
    with pytest.raises(FrameError, match="only a JPEG"):
        still.decode(packed("png", array), scale=2)


@pytest.mark.parametrize("kind", ["jpeg", "png", "qoi"])
@pytest.mark.parametrize("format", ["bgr24", "rgb24", "bgra", "gray8", "i420"])
def test_a_given_array_is_filled(kind, format):
    data = packed(kind, picture(36, 52, seed=8))
    expected = still.decode(data, format).array
    out = np.full_like(expected, 7)
    found = still.decode(data, format, out=out)
    assert found.array is out
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_an_array_that_does_not_fit_is_refused(kind):
    data = packed(kind, picture(36, 52))
    with pytest.raises(FrameError):
        still.decode(data, out=np.zeros((35, 52, 3), np.uint8))
    wide = np.zeros((36, 104, 3), np.uint8)[:, ::2]
    if kind == "jpeg":
        with pytest.raises(FrameError, match="contiguous"):
            still.decode(data, out=wide)


def test_a_part_of_a_picture_is_given_only_when_asked_for_and_marked():
    data = packed("jpeg", picture(120, 160, seed=9))
    whole = still.decode(data, partial=True)
    assert not whole.partial
    half = still.decode(data[: len(data) // 2], partial=True)
    assert half.partial
    assert np.array_equal(half.array[:8], whole.array[:8])
    with pytest.raises(CorruptImage):
        still.decode(data[:20], partial=True)


def test_exact_is_nearer_to_the_picture():
    across, down = np.meshgrid(np.linspace(0, 6, 96), np.linspace(0, 5, 96))
    waves = [np.sin(across + turn) * np.cos(down * 1.3) for turn in (0, 2, 4)]
    array = (np.stack(waves, axis=-1) * 120 + 128).astype(np.uint8)
    data = jpeg.encode(array, "bgr24", 95)
    errors = [
        np.abs(jpeg.decode_any(data, exact=exact)[0].astype(int) - array).mean() for exact in (True, False)
    ]
    assert errors[0] < errors[1]


def test_formats_that_are_none():
    with pytest.raises(UnknownName, match="bgr24"):
        still.decode(packed("png", picture()), "bgr")
