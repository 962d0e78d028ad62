"""Kinds and sizes from first bytes, against what Pillow wrote and what the formats' own rules allow."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from rushes.codecs import sniff
from rushes.errors import CorruptImage, RushesError, UnsupportedFormat

BEGINNINGS = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "qoi": b"qoif",
    "gif": b"GIF89a",
    "bmp": b"BM",
    "webp": b"RIFF\0\0\0\0WEBP",
}


def written(kind, size=(53, 37), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind.upper(), **options)
    return out.getvalue()


@given(width=st.integers(1, 3000), height=st.integers(1, 40))
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("jpeg", {}),
        ("jpeg", {"progressive": True}),
        ("jpeg", {"exif": b"Exif\0\0" + b"\xff\xc0" * 200, "comment": b"\xff\xc2"}),
        ("png", {}),
        ("qoi", {}),
        ("gif", {}),
        ("gif", {"comment": b"," * 700}),
        ("bmp", {}),
        ("webp", {"quality": 1, "method": 0}),
        ("webp", {"lossless": True, "method": 0, "quality": 0}),
        ("webp", {"quality": 1, "method": 0, "exif": b"Exif\0\0MM"}),
    ],
)
def test_sizes(kind, options, width, height):
    data = written(kind, (width, height), **options)
    for given_bytes in (data, memoryview(data)):
        assert sniff.kind_of(given_bytes) == kind
        assert sniff.size_of(given_bytes, kind) == (height, width)


@pytest.mark.parametrize("kind", sniff.KINDS)
@given(rest=st.binary(max_size=80))
@example(rest=b"")
@example(rest=b"\xff" * 80)
@example(rest=bytes(80))
def test_any_header_gives_a_size_or_our_error(kind, rest):
    data = BEGINNINGS[kind] + rest
    assert sniff.kind_of(data) == kind
    try:
        height, width = sniff.size_of(data, kind)
    except CorruptImage:
        return
    assert isinstance(height, int)
    assert isinstance(width, int)


@pytest.mark.parametrize("kind", sniff.KINDS)
def test_a_cut_off_header(kind):
    data = written(kind)
    for length in range(len(BEGINNINGS[kind]), 18 if kind != "qoi" else 12):
        with pytest.raises(CorruptImage, match=kind):
            sniff.size_of(data[:length], kind)


@given(data=st.binary(min_size=1, max_size=40))
def test_garbage_is_unsupported(data):
    if not data.startswith(tuple(BEGINNINGS.values())) and data[:4] not in (b"RIFF", b"GIF8"):
        with pytest.raises(UnsupportedFormat, match="webp") as caught:
            sniff.kind_of(data)
        assert isinstance(caught.value, RushesError)


def test_a_gif_whose_picture_reaches_over_its_screen_is_as_large_as_both():
    data = bytearray(written("gif", (8, 8)))
    at = data.index(b"\x2c")
    data[at + 1 : at + 9] = struct.pack("<HHHH", 4, 6, 900, 700)
    assert sniff.size_of(bytes(data), "gif") == (706, 904)
    assert sniff.size_of(bytes(data).replace(b"GIF87a", b"GIF89a"), "gif") == (706, 904)


def test_an_os2_bmp_has_sides_of_sixteen_bits():
    data = b"BM" + struct.pack("<IHHI", 74, 0, 0, 26) + struct.pack("<IHHHH", 12, 5, 7, 1, 24)
    assert sniff.size_of(data, "bmp") == (7, 5)


def test_a_bmp_from_the_top_down_has_a_negative_height():
    data = bytearray(written("bmp"))
    data[22:26] = struct.pack("<i", -37)
    assert sniff.size_of(bytes(data), "bmp") == (37, 53)


def test_a_png_must_begin_with_its_header():
    data = written("png").replace(b"IHDR", b"tEXt")
    with pytest.raises(CorruptImage, match="begin"):
        sniff.size_of(data, "png")


def test_a_jpeg_without_a_frame():
    for data in (b"\xff\xd8\xff\xda\0\x02", b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe0\0\x02\0\0\0"):
        with pytest.raises(CorruptImage):
            sniff.size_of(data, "jpeg")
