from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes.capture import strip
from rushes.capture.testcard import TestCard
from rushes.codecs import convert
from rushes.errors import FrameError, UnknownName
from rushes.testing import read_card

MOMENT = 1_700_000_000_123_456_789
MILLISECONDS = MOMENT // 1_000_000 % 2**32


def card(width, height, number=123_456, format="bgr24"):
    drawer = TestCard(width, height, 30, format)
    array = np.empty(drawer.shape, np.uint8)
    drawer.draw(array, number, MOMENT)
    return array


def jpeg(array, quality):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "JPEG", quality=quality)
    return np.array(Image.open(out))


def test_the_strip_is_painted_cell_by_cell_as_documented():
    array = card(1280, 720, number=0x80000001)
    sync = [1, 0, 1, 1, 0, 0, 1, 0]
    number = [1] + [0] * 30 + [1]
    time = [MILLISECONDS >> bit & 1 for bit in range(31, -1, -1)]
    for cell, bit in enumerate(sync + number + time):
        where = array[720 - 24 :, cell * 16 : (cell + 1) * 16]
        assert (where == 255 * bit).all(), cell
    assert not (array[720 - 25, : 72 * 16] == array[720 - 24, : 72 * 16]).all()
    assert not array[720 - 24 :, 72 * 16 :].any(), "black to the right edge"


@given(width=st.integers(80, 4000))
def test_cells_fill_nine_tenths_of_any_width_without_holes(width):
    borders = strip.cell_borders(width)
    assert borders[0] == 0
    assert len(borders) == 73
    assert abs(borders[-1] - width * 0.9) <= 0.5
    sizes = np.diff(borders)
    assert sizes.max() - sizes.min() <= 1


@settings(deadline=None, max_examples=40)
@given(
    width=st.integers(320, 1400),
    height=st.integers(180, 800),
    number=st.integers(0, 2**33),
    format=st.sampled_from(["bgr24", "rgb24", "bgra", "gray8", "i420"]),
)
def test_what_was_drawn_is_read_at_any_size_and_format(width, height, number, format):
    if format == "i420":
        width, height = width // 2 * 2, height // 2 * 2
    array = card(width, height, number, format)
    assert read_card(array, format) == (number % 2**32, MILLISECONDS)
    assert read_card(array) == (number % 2**32, MILLISECONDS), "without being told the format"


@pytest.mark.parametrize("quality", [60, 75, 85, 95])
@pytest.mark.parametrize("source", [(320, 180), (640, 480), (1280, 720), (1366, 768), (1920, 1080)])
def test_jpeg_leaves_it_readable(source, quality):
    assert read_card(jpeg(card(*source), quality)) == (123_456, MILLISECONDS)


@pytest.mark.parametrize("width", [320, 426, 500, 640, 854, 1000, 1280, 1366, 1600, 1920])
@pytest.mark.parametrize(
    "how",
    [Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BOX, Image.Resampling.LANCZOS],
)
def test_scaling_and_then_jpeg_leave_it_readable(width, how):
    for source in [(1280, 720), (1366, 768), (640, 480)]:
        whole = Image.fromarray(card(*source))
        scaled = np.array(whole.resize((width, round(width * source[1] / source[0])), how))
        assert read_card(scaled) == (123_456, MILLISECONDS), source
        for quality in (60, 80, 95):
            assert read_card(jpeg(scaled, quality)) == (123_456, MILLISECONDS), (source, quality)


def test_a_converted_card_stays_readable():
    array = card(640, 360)
    for format in ("rgb24", "bgra", "gray8", "i420"):
        assert read_card(convert(array, "bgr24", format), format) == (123_456, MILLISECONDS)
    assert read_card(convert(card(640, 360, format="i420"), "i420", "bgr24")) == (123_456, MILLISECONDS)


def test_a_picture_without_sync_gives_none():
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    assert read_card(noise) is None
    assert read_card(np.zeros((360, 640, 3), np.uint8)) is None
    assert read_card(np.full((360, 640), 255, np.uint8)) is None
    assert read_card(card(640, 360)[:-20]) is None, "cut off at the bottom"
    assert read_card(np.zeros((10, 10), np.uint8)) is None, "too small to hold one"


def test_a_doubtful_cell_gives_none_and_no_wrong_number():
    array = card(640, 360)
    array[-12:, 20 * 8 : 21 * 8] = 128
    assert read_card(array) is None


def test_what_is_no_picture_raises():
    with pytest.raises(FrameError):
        read_card(np.zeros((360, 640, 3), np.float32))
    with pytest.raises(FrameError):
        read_card(np.zeros((360, 640, 2), np.uint8))
    with pytest.raises(FrameError):
        read_card(np.zeros((360, 640), np.uint8), "bgr24")
    with pytest.raises(UnknownName):
        read_card(np.zeros((360, 640), np.uint8), "nv12")
