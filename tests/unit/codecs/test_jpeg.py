from __future__ import annotations

import struct

import numpy as np
import pytest
import simplejpeg

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
    for given in (bytearray(data), memoryview(data), np.frombuffer(data, np.uint8)):
        assert np.array_equal(jpeg.decode(given), want)


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
