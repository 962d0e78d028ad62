"""The scaler against the arithmetic that defines the formats."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.codecs import colour
from rushes.codecs.video import scale
from rushes.codecs.video.memory import shape_of
from rushes.errors import FrameError, UnknownName
from tests.unit.codecs.video.gil import longest_stall

PAIRS = list(itertools.permutations(colour.FORMATS, 2))


def noise(format: str, height: int, width: int, seed: int = 1) -> np.ndarray:
    bgr = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return colour.exact(bgr, "bgr24", format)


def apart(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def near(made: np.ndarray, exact: np.ndarray) -> bool:
    """Within two levels; three where the scaler's sums were cut off at 0."""
    assert made.shape == exact.shape
    difference = np.abs(made.astype(int) - exact)
    return bool((difference <= np.where(made == 0, 3, 2)).all())


@settings(max_examples=150)
@given(st.sampled_from(PAIRS), st.integers(1, 60), st.integers(1, 80), st.integers(0, 2**32))
def test_agrees_within_two_levels_at_any_size(pair, half_height, half_width, seed):
    source, target = pair
    array = noise(source, half_height * 2, half_width * 2, seed)
    kept = array.copy()
    made = scale.convert(array, source, target)
    assert made.flags.c_contiguous
    assert near(made, colour.exact(array, source, target))
    assert np.array_equal(array, kept)


@settings(max_examples=40)
@given(st.sampled_from([p for p in PAIRS if "i420" not in p]), st.integers(1, 61), st.integers(1, 81))
def test_agrees_at_odd_sizes(pair, height, width):
    array = noise(pair[0], height, width)
    assert apart(scale.convert(array, *pair), colour.exact(array, *pair)) <= 2


@pytest.mark.parametrize("pair", PAIRS)
def test_agrees_on_a_large_picture(pair):
    array = noise(pair[0], 722, 1286)  # no multiple of four in either direction
    made = scale.convert(array, *pair)
    exact = colour.exact(array, *pair)
    assert near(made, exact)
    assert abs((made.astype(int) - exact).mean()) < 0.3  # nothing darkens with each conversion


@pytest.mark.parametrize("format", ["bgr24", "bgra", "rgb24"])
@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_stay(format, value):
    plain = colour.exact(np.full((64, 64, 3), value, np.uint8), "bgr24", format)
    planar = scale.convert(plain, format, "i420")
    assert np.array_equal(planar, colour.exact(plain, format, "i420"))
    assert np.array_equal(scale.convert(planar, "i420", format), plain)


@pytest.mark.parametrize("pair", PAIRS)
def test_into_a_given_array(pair):
    array = noise(pair[0], 18, 34)
    out = np.zeros(shape_of(pair[1], 18, 34), np.uint8)
    assert scale.convert(array, pair[0], pair[1], out) is out
    assert np.array_equal(out, scale.convert(array, *pair))


def test_same_format_and_an_array_to_fill():
    array = noise("bgr24", 6, 8)
    assert scale.convert(array, "bgr24", "bgr24") is array
    out = np.zeros_like(array)
    assert np.array_equal(scale.convert(array, "bgr24", "bgr24", out), array)


@pytest.mark.parametrize("format", ["bgr24", "bgra", "gray8"])
def test_views_and_read_only_arrays(format):
    large = noise(format, 64, 64)
    large.flags.writeable = False
    for view in (large[3:43, 5:45], large[::-1], large[:, ::2]):
        expected = colour.exact(np.ascontiguousarray(view), format, "rgb24")
        assert np.array_equal(scale.convert(view, format, "rgb24"), expected)


@pytest.mark.parametrize("out", [np.zeros((4, 6, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)[::2], b""])
def test_an_array_that_cannot_be_filled_is_refused(out):
    if isinstance(out, bytes):
        out = np.frombuffer(bytes(4 * 8 * 3), np.uint8).reshape(4, 8, 3)
    with pytest.raises(FrameError, match="out must be"):
        scale.convert(noise("rgb24", 4, 8), "rgb24", "bgr24", out)


def test_what_does_not_fit_is_refused():
    with pytest.raises(FrameError, match="even"):
        scale.convert(noise("bgr24", 5, 8), "bgr24", "i420")
    with pytest.raises(FrameError, match="wants shape"):
        scale.convert(noise("bgr24", 4, 8), "bgra", "bgr24")
    with pytest.raises(UnknownName):
        scale.convert(noise("bgr24", 4, 8), "bgr24", "yuv")
    with pytest.raises(FrameError, match="no pixels"):
        scale.resize(noise("bgr24", 4, 8), "bgr24", 0, 4)
    with pytest.raises(FrameError, match="even"):
        scale.resize(noise("i420", 4, 8), "i420", 5, 4)


@pytest.mark.parametrize("format", colour.FORMATS)
@pytest.mark.parametrize("size", [(20, 30), (64, 48), (40, 90)])
def test_resize(format, size):
    width, height = size
    array = colour.exact(np.full((40, 60, 3), (30, 120, 210), np.uint8), "bgr24", format)
    made = scale.resize(array, format, width, height)
    assert made.shape == shape_of(format, height, width)
    expected = colour.exact(np.full((height, width, 3), (30, 120, 210), np.uint8), "bgr24", format)
    assert apart(made, expected) <= 2
    assert scale.resize(array, format, 60, 40) is array


def test_smaller_is_the_mean_of_what_falls_into_each_pixel():
    array = noise("bgr24", 64, 64)
    mean = array.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(scale.resize(array, "bgr24", 16, 16) - mean).max() <= 2


@pytest.mark.parametrize("pair", [("bgra", "i420"), ("i420", "bgr24"), ("bgr24", "gray8")])
def test_other_threads_run_meanwhile(pair):
    array = np.zeros(shape_of(pair[0], 2160, 3840), np.uint8)
    stall, took = longest_stall(lambda: scale.convert(array, *pair))
    assert stall < took * 0.7


def test_small_conversions_load_no_video_library():
    program = (
        "import sys, numpy as np\n"
        "from rushes import Frame\n"
        "Frame(np.zeros((200, 200, 3), np.uint8)).to('i420').to('bgra')\n"
        "assert 'av' not in sys.modules\n"
        "Frame(np.zeros((480, 640, 3), np.uint8)).to('i420').to('bgra')\n"
        "assert 'av' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
