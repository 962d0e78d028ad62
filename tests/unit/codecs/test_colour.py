from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.codecs import colour
from rushes.errors import FrameError, UnknownName
from rushes.frame import check_array, picture_size

# Wide enough to cross a band of rows, with a height that is no multiple of four.
HEIGHT, WIDTH = 134, 20


def smooth(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A BGR picture in blocks of 2 by 2, so that halving the chroma loses nothing."""
    blocks = np.random.default_rng(3).integers(0, 256, (height // 2, width // 2, 3), np.uint8)
    return blocks.repeat(2, axis=0).repeat(2, axis=1)


def as_float(bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y, Cb and Cr of BT.601 in limited range, straight from the luma weights 0.299 and 0.114."""
    b, g, r = (bgr[..., channel].astype(float) / 255 for channel in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return 16 + 219 * y, 128 + 224 * (b - y) / (2 * (1 - 0.114)), 128 + 224 * (r - y) / (2 * (1 - 0.299))


@pytest.mark.parametrize(("source", "target"), [*itertools.product(colour.FORMATS, repeat=2)])
def test_every_pair_gives_a_valid_array_of_the_same_size(source, target):
    array = colour.convert(smooth(), "bgr24", source)
    kept = array.copy()
    made = colour.convert(array, source, target)
    check_array(made, target)
    assert picture_size(made.shape, target) == (HEIGHT, WIDTH)
    assert made.flags.c_contiguous
    assert np.array_equal(array, kept)
    assert (made is array) == (source == target)
    if source != target:
        assert not np.shares_memory(made, array)


@pytest.mark.parametrize("other", ["rgb24", "bgra"])
def test_exact_round_trips(other):
    bgr = np.random.default_rng(1).integers(0, 256, (33, 15, 3), np.uint8)
    assert np.array_equal(colour.convert(colour.convert(bgr, "bgr24", other), other, "bgr24"), bgr)


def test_channel_order_and_alpha():
    bgr = np.array([[[10, 20, 30]]], np.uint8)
    assert colour.convert(bgr, "bgr24", "rgb24").tolist() == [[[30, 20, 10]]]
    assert colour.convert(bgr, "bgr24", "bgra").tolist() == [[[10, 20, 30, 255]]]
    assert colour.convert(bgr, "rgb24", "bgra").tolist() == [[[30, 20, 10, 255]]]
    assert colour.convert(np.array([[[10, 20, 30, 7]]], np.uint8), "bgra", "rgb24").tolist() == [
        [[30, 20, 10]]
    ]


def test_gray_is_the_luma():
    bgr = np.random.default_rng(1).integers(0, 256, (70, 5, 3), np.uint8)
    exact = bgr @ np.array([0.114, 0.587, 0.299])
    for source in ("bgr24", "rgb24", "bgra"):
        gray = colour.convert(colour.convert(bgr, "bgr24", source), source, "gray8")
        assert np.abs(gray - exact).max() <= 1
    for value in (0, 255):
        assert (
            colour.convert(np.full((2, 2, 3), value, np.uint8), "bgr24", "gray8").tolist()
            == [[value] * 2] * 2
        )


@pytest.mark.parametrize("ndim", [2, 3])
def test_gray_of_either_shape(ndim):
    gray = np.arange(16, dtype=np.uint8).reshape((4, 4) if ndim == 2 else (4, 4, 1))
    for target in ("bgr24", "rgb24", "bgra"):
        made = colour.convert(gray, "gray8", target)
        assert np.array_equal(made[..., 0], gray.reshape(4, 4))
        assert np.array_equal(made[..., 2], gray.reshape(4, 4))
    back = colour.convert(colour.convert(gray, "gray8", "i420"), "i420", "gray8")
    assert np.abs(back.astype(int) - gray.reshape(4, 4)).max() <= 1


@pytest.mark.parametrize("source", ["bgr24", "rgb24", "bgra"])
def test_i420_is_bt601_in_limited_range(source):
    bgr = smooth()
    y, u, v = colour.planes(colour.convert(colour.convert(bgr, "bgr24", source), source, "i420"))
    exact = as_float(bgr)
    assert np.abs(y - exact[0]).max() <= 1
    assert np.abs(u - exact[1][::2, ::2]).max() <= 1
    assert np.abs(v - exact[2][::2, ::2]).max() <= 1


def test_i420_chroma_is_the_mean_of_its_block():
    bgr = np.random.default_rng(5).integers(0, 256, (2, 2, 3), np.uint8)
    _, u, v = colour.planes(colour.convert(bgr, "bgr24", "i420"))
    _, cb, cr = as_float(bgr)
    assert abs(u[0, 0] - cb.mean()) <= 1
    assert abs(v[0, 0] - cr.mean()) <= 1


@pytest.mark.parametrize(
    ("bgr", "yuv"),
    [((0, 0, 0), (16, 128, 128)), ((255, 255, 255), (235, 128, 128)), ((0, 0, 255), (82, 90, 240))],
)
def test_i420_of_known_colours(bgr, yuv):
    planes = colour.planes(colour.convert(np.full((2, 2, 3), bgr, np.uint8), "bgr24", "i420"))
    assert all(abs(int(plane[0, 0]) - want) <= 1 for plane, want in zip(planes, yuv, strict=True))


@settings(max_examples=25)
@given(st.integers(1, 70), st.integers(1, 9), st.integers(0, 2**32))
def test_i420_and_back_is_near(half_height, half_width, seed):
    blocks = np.random.default_rng(seed).integers(0, 256, (half_height, half_width, 3), np.uint8)
    bgr = blocks.repeat(2, axis=0).repeat(2, axis=1)
    for middle in ("bgr24", "rgb24"):
        back = colour.convert(colour.convert(bgr, "bgr24", "i420"), "i420", middle)
        back = colour.convert(back, middle, "bgr24")
        assert np.abs(back.astype(int) - bgr).max() <= 3


def test_i420_outside_its_range_is_clipped():
    for value in (0, 255):
        array = np.full((3, 2), value, np.uint8)
        b, g, r = (int(each) for each in colour.convert(array, "i420", "bgr24")[0, 0])
        # By the definition: 1.164 (Y - 16) plus 2.017 (U - 128), and so on, cut to a byte.
        chroma = value - 128
        luma = 255 / 219 * (value - 16)
        exact = (luma + 2.01723 * chroma, luma - (0.39176 + 0.81297) * chroma, luma + 1.59603 * chroma)
        for got, want in zip((b, g, r), exact, strict=True):
            assert abs(got - min(255, max(0, want))) <= 1


def test_full_range_planes():
    array = colour.convert(np.array([[[0, 0, 0]] * 2] * 2, np.uint8), "bgr24", "i420")
    assert [int(plane[0, 0]) for plane in colour.full_range_planes(array)] == [0, 128, 128]
    array = colour.convert(np.full((2, 2, 3), 255, np.uint8), "bgr24", "i420")
    assert [int(plane[0, 0]) for plane in colour.full_range_planes(array)] == [255, 128, 128]


@pytest.mark.parametrize("height", [4, 6])
def test_planes_are_views(height):
    array = np.zeros((height * 3 // 2, 4), np.uint8)
    y, u, v = colour.planes(array)
    y[...], u[...], v[...] = 1, 2, 3
    flat = array.reshape(-1)
    assert flat.tolist() == [1] * (height * 4) + [2] * height + [3] * height


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (5, 5)])
@pytest.mark.parametrize("source", ["bgr24", "rgb24", "bgra", "gray8"])
def test_i420_of_an_odd_side_is_refused(source, shape):
    channels = {"gray8": (), "bgra": (4,)}.get(source, (3,))
    with pytest.raises(FrameError, match="even"):
        colour.convert(np.zeros((*shape, *channels), np.uint8), source, "i420")


def test_a_view_of_a_larger_picture():
    large = smooth(40, 40)
    view = large[2:22, 4:34]
    for target in colour.FORMATS:
        assert np.array_equal(
            colour.convert(view, "bgr24", target), colour.convert(view.copy(), "bgr24", target)
        )


@pytest.mark.parametrize(("source", "target"), [*itertools.product(colour.FORMATS, repeat=2)])
def test_large_pictures_come_out_as_small_ones_do(source, target):
    """Whichever way is taken: the size decides."""
    bgr = np.random.default_rng(9).integers(0, 256, (300, 400, 3), np.uint8)
    array = colour.exact(bgr, "bgr24", source)
    made, exact = colour.convert(array, source, target), colour.exact(array, source, target)
    check_array(made, target)
    assert made.flags.writeable or source == target
    assert np.abs(made.astype(int) - exact).max() <= (3 if "i420" in (source, target) else 0)
    assert abs((made.astype(int) - exact).mean()) < 0.3


def test_unknown_formats():
    for source, target in (("bgr24", "yuv"), ("jpeg", "bgr24")):
        with pytest.raises(UnknownName):
            colour.convert(np.zeros((2, 2, 3), np.uint8), source, target)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_the_compiled_way_is_the_same_to_the_last_bit(half_height, half_width, padding, seed):
    height, width = 2 * half_height, 2 * half_width
    whole = np.random.default_rng(seed).integers(0, 256, (height, width + padding, 4), np.uint8)
    array = whole[:, :width]
    made = colour.bgra_to_i420(array)
    if made is None:
        pytest.skip("there is no compiled core here")
    expected = colour.exact(array, "bgra", "i420")
    assert np.array_equal(made, expected)
    out = np.zeros_like(expected)
    assert colour.bgra_to_i420(array, out) is out
    assert np.array_equal(out, expected)


def test_the_compiled_way_refuses_what_it_cannot_read():
    array = np.zeros((4, 6, 4), np.uint8)
    assert colour.bgra_to_i420(np.zeros((4, 12, 4), np.uint8)[:, ::2]) is None
    assert colour.bgra_to_i420(np.zeros((4, 6, 8), np.uint8)[..., ::2]) is None
    if colour.bgra_to_i420(array) is None:
        pytest.skip("there is no compiled core here")
    with pytest.raises(FrameError):
        colour.bgra_to_i420(np.zeros((3, 6, 4), np.uint8))
    for wrong in ((6, 4), (5, 6), (8, 6)):
        with pytest.raises((ValueError, TypeError)):
            colour.bgra_to_i420(array, np.zeros(wrong, np.uint8))
    read_only = np.zeros((6, 6), np.uint8)
    read_only.flags.writeable = False
    with pytest.raises((ValueError, TypeError)):
        colour.bgra_to_i420(array, read_only)


def test_without_the_compiled_core_another_way_is_taken(monkeypatch):
    array = np.random.default_rng(1).integers(0, 256, (8, 10, 4), np.uint8)
    expected = colour.convert(array, "bgra", "i420")
    monkeypatch.setenv("RUSHES_CORE", "pure")
    assert colour.bgra_to_i420(array) is None
    assert np.abs(colour.convert(array, "bgra", "i420").astype(int) - expected).max() <= 2
