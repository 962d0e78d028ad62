from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes.codecs import colour, convert, jpeg
from rushes.errors import ConfigError, CorruptImage, EncodeError, FrameError, UnknownName


def gradient(height: int = 48, width: int = 64) -> np.ndarray:
    """A soft BGR picture with no red where there is blue: a swapped channel is far off."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(20, 240, width)
    picture[..., 1] = np.linspace(40, 200, height)[:, None]
    picture[..., 2] = np.linspace(240, 20, width)
    return picture


@pytest.mark.parametrize("format", colour.FORMATS)
def test_round_trip_is_near(format):
    array = colour.convert(gradient(), "bgr24", format)
    data = jpeg.encode(array, format, 95)
    assert data[:2] == b"\xff\xd8"
    assert jpeg.read_size(data) == (48, 64)
    back = jpeg.decode(data, format)
    assert back.shape == array.shape
    assert np.abs(back.astype(int) - array).mean() < 3
    assert np.abs(back.astype(int) - array).max() < 30


def test_i420_keeps_black_and_white():
    for value in (0, 255):
        array = colour.convert(np.full((16, 16, 3), value, np.uint8), "bgr24", "i420")
        assert np.abs(jpeg.decode(jpeg.encode(array, "i420"), "bgr24").astype(int) - value).max() <= 1


def test_quality_and_subsampling_are_heeded():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert len(jpeg.encode(noise, "bgr24", 20)) < len(jpeg.encode(noise, "bgr24", 95))
    fine = jpeg.decode(jpeg.encode(noise, "bgr24", 95, subsampling="444"), "bgr24")
    coarse = jpeg.decode(jpeg.encode(noise, "bgr24", 95), "bgr24")
    assert np.abs(fine.astype(int) - noise).mean() < np.abs(coarse.astype(int) - noise).mean() / 2


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (47, 63)])
@pytest.mark.parametrize("format", ["bgr24", "rgb24", "bgra", "gray8"])
def test_odd_sizes(format, size):
    array = colour.convert(gradient(*size), "bgr24", format)
    assert jpeg.decode(jpeg.encode(array, format), format).shape == array.shape


def test_odd_size_as_i420_is_refused():
    data = jpeg.encode(gradient(47, 63), "bgr24")
    with pytest.raises(FrameError, match="even"):
        jpeg.decode(data, "i420")


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[:, ::2], np.s_[5:20, 7:30], np.s_[::-1, ::-1]])
def test_any_view_can_be_encoded(view):
    array = gradient()[view]
    assert jpeg.encode(array, "bgr24") == jpeg.encode(array.copy(), "bgr24")
    gray = colour.convert(gradient(), "bgr24", "gray8")[view]
    assert (
        jpeg.encode(gray, "gray8")
        == jpeg.encode(gray.copy(), "gray8")
        == jpeg.encode(gray[..., None], "gray8")
    )


def test_read_only_pixels_and_every_kind_of_bytes():
    array = gradient()
    array.flags.writeable = False
    data = jpeg.encode(array, "bgr24")
    want = jpeg.decode(data)
    for each in (bytearray(data), memoryview(data), np.frombuffer(data, np.uint8)):
        assert np.array_equal(jpeg.decode(each), want)


@pytest.mark.parametrize("cut", [0, 1, 2, 20, 0.5, 0.95])
def test_cut_off_is_corrupt(cut):
    data = jpeg.encode(gradient(), "bgr24")
    with pytest.raises(CorruptImage) as caught:
        jpeg.decode(data[: int(cut * len(data)) if cut < 1 else cut])
    assert caught.value.format == "jpeg"


def test_other_bytes_are_corrupt():
    for data in (b"", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000)):
        with pytest.raises(CorruptImage):
            jpeg.decode(data)
        with pytest.raises(CorruptImage):
            jpeg.read_size(data)


def test_a_forged_size_is_refused_before_decoding(monkeypatch):
    data = jpeg.encode(gradient(), "bgr24")
    start = data.index(b"\xff\xc0") + 5
    forged = data[:start] + struct.pack(">HH", 60000, 60000) + data[start + 4 :]
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *a, **k: pytest.fail("it was decoded"))
    with pytest.raises(FrameError, match="60000x60000"):
        jpeg.decode(forged)
    with pytest.raises(FrameError, match="limit of 100 pixels"):
        jpeg.decode(data, max_pixels=100)


def test_what_cannot_be_a_jpeg():
    with pytest.raises(EncodeError, match="65500"):
        jpeg.encode(np.zeros((1, 70000, 3), np.uint8), "bgr24")


@pytest.mark.parametrize("quality", [0, 101, -1, 50.0, "90", True, None])
def test_bad_quality(quality):
    with pytest.raises(ConfigError, match="1 to 100"):
        jpeg.encode(gradient(), "bgr24", quality)


def test_bad_names():
    with pytest.raises(UnknownName):
        jpeg.encode(gradient(), "bgr")
    with pytest.raises(UnknownName):
        jpeg.decode(jpeg.encode(gradient(), "bgr24"), "bgr")
    with pytest.raises(UnknownName):
        jpeg.encode(gradient(), "bgr24", subsampling="421")
    with pytest.raises(ConfigError, match="420"):
        jpeg.encode(np.zeros((6, 4), np.uint8), "i420", subsampling="444")


def test_convert_reaches_jpeg_both_ways():
    packed = convert(gradient(), "bgr24", "jpeg", quality=95)
    assert packed.dtype == np.uint8
    assert packed.ndim == 1
    assert np.abs(convert(packed, "jpeg", "rgb24")[..., ::-1].astype(int) - gradient()).max() < 30
    assert convert(packed, "jpeg", "jpeg") is packed
    with pytest.raises(UnknownName, match="picture format"):
        convert(packed, "jpeg", "h264")
    with pytest.raises(FrameError, match="no picture"):
        convert(packed, "array", "jpeg")


def progressive(height=40, width=48, **options):
    out = io.BytesIO()
    Image.fromarray(gradient(height, width)[..., ::-1]).save(out, "JPEG", progressive=True, **options)
    return out.getvalue()


@settings(max_examples=60)
@given(
    half=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    format=st.sampled_from(colour.FORMATS),
    scale=st.sampled_from([1, 2, 4, 8]),
)
def test_any_size_in_any_format_at_any_scale_into_a_given_array(half, format, scale):
    # A multiple of what it is divided by, so that i420 is always possible.
    height, width = 2 * scale * half[0], 2 * scale * half[1]
    data = jpeg.encode(gradient(height, width), "bgr24", 95)
    made, cut = jpeg.decode_any(data, format, scale=scale)
    assert not cut
    assert np.array_equal(made, jpeg.decode_any(data, format, scale=scale, out=np.empty_like(made))[0])
    assert made.shape == colour.convert(gradient(height // scale, width // scale), "bgr24", format).shape


@pytest.mark.parametrize("format", colour.FORMATS)
def test_an_array_that_does_not_fit_is_refused_before_decoding(monkeypatch, format):
    data = jpeg.encode(gradient(), "bgr24")
    right = jpeg.decode(data, format)
    frozen, wide = right.copy(), np.repeat(right, 2, axis=1)[:, ::2]
    frozen.flags.writeable = False
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *a, **k: pytest.fail("it was decoded"))
    floats: Any = right.astype(np.float32)
    for out in (right[:-1], floats, frozen, wide, right[::-1], np.zeros(3, np.uint8)):
        with pytest.raises(FrameError, match="contiguous uint8"):
            jpeg.decode_any(data, format, out=out)


def test_gray_may_have_a_channel_axis():
    data = jpeg.encode(gradient(), "bgr24")
    out = np.zeros((48, 64, 1), np.uint8)
    assert jpeg.decode_any(data, "gray8", out=out)[0] is out
    assert np.array_equal(out[..., 0], jpeg.decode(data, "gray8"))


def test_the_limit_is_of_the_whole_picture_however_small_it_is_made(monkeypatch):
    data = bytearray(progressive())
    at = data.index(b"\xff\xc2") + 5
    data[at : at + 4] = struct.pack(">HH", 20_000, 20_000)
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *a, **k: pytest.fail("it was decoded"))
    with pytest.raises(FrameError, match="20000x20000"):
        jpeg.decode_any(bytes(data), scale=8, partial=True)


@pytest.mark.parametrize("kind", ["baseline", "progressive"])
@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_what_is_cut_off_is_given_on_request_and_marked(kind, share):
    whole = progressive(240, 320) if kind == "progressive" else jpeg.encode(gradient(240, 320), "bgr24")
    out = np.zeros(jpeg.decode(whole).shape, np.uint8)
    made, cut = jpeg.decode_any(whole[: int(len(whole) * share)], out=out, partial=True)
    assert made is out
    assert cut
    assert not jpeg.decode_any(whole, partial=True)[1]


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_is_damaged_raises_nothing_but_our_errors(data):
    broken = bytearray(data.draw(st.sampled_from([jpeg.encode(gradient(), "bgr24"), progressive()])))
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    partial = data.draw(st.booleans())
    try:
        made, cut = jpeg.decode_any(bytes(broken), partial=partial, max_pixels=10**6)
    except (CorruptImage, FrameError):
        return
    assert made.shape[2] == 3
    assert partial or not cut


def test_cmyk_becomes_what_it_looks_like():
    out = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(out, "JPEG")
    seen = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB")).astype(int)
    assert np.abs(jpeg.decode(out.getvalue(), "rgb24").astype(int) - seen).max() < 8
