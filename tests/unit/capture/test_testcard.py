from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.capture.testcard import TestCard
from rushes.codecs import convert
from rushes.errors import ConfigError, FrameError, UnknownName

MOMENT = 1_700_000_000_123_456_789


def drawn(card, number=0, moment=MOMENT):
    array = np.random.default_rng(number).integers(0, 256, card.shape, dtype=np.uint8)
    card.draw(array, number, moment)
    return array


@pytest.mark.parametrize("format", ["bgr24", "rgb24", "bgra", "gray8", "i420"])
def test_all_of_the_array_is_drawn_whatever_it_held(format):
    card = TestCard(640, 360, 30, format)
    one, other = np.zeros(card.shape, np.uint8), np.full(card.shape, 255, np.uint8)
    card.draw(one, 5, MOMENT)
    card.draw(other, 5, MOMENT)
    assert np.array_equal(one, other)


@pytest.mark.parametrize("format", ["rgb24", "bgra", "gray8"])
def test_formats_show_the_same_picture(format):
    reference = drawn(TestCard(640, 360, 30), 17)
    assert np.array_equal(convert(reference, "bgr24", format), drawn(TestCard(640, 360, 30, format), 17))


def test_i420_is_drawn_as_it_would_be_converted():
    reference = convert(drawn(TestCard(640, 360, 30), 17), "bgr24", "i420")
    difference = np.abs(reference.astype(int) - drawn(TestCard(640, 360, 30, "i420"), 17))
    # Chroma is a mean over blocks that may hang over a tile's edge by a pixel; nowhere else do they differ.
    assert (difference > 1).mean() < 0.001


def test_the_picture_moves_from_frame_to_frame():
    card = TestCard(640, 360, 30)
    first, second = drawn(card, 1), drawn(card, 2)
    assert (first[:-12] != second[:-12]).any(axis=2).sum() > 200
    later = drawn(card, 1, MOMENT + 50_000_000)
    assert (first[:-12] != later[:-12]).any(), "the clock"


def test_text_is_where_people_look():
    array = drawn(TestCard(1280, 720, 30), 88_888_888)
    panel = array[200:310, 380:900]
    assert 0.1 < (panel > 200).mean() < 0.7, "large digits"


def test_draws_into_a_part_of_a_larger_array():
    card = TestCard(320, 180, 30)
    larger = np.zeros((200, 400, 3), np.uint8)
    card.draw(larger[10:190, 40:360], 3, MOMENT)
    assert np.array_equal(larger[10:190, 40:360], drawn(card, 3))
    assert not larger[:10].any()
    assert not larger[:, :40].any()


@settings(deadline=None, max_examples=30)
@given(
    width=st.integers(16, 700),
    height=st.integers(16, 700),
    fps=st.floats(0.1, 500),
    number=st.integers(0, 2**40),
)
def test_any_size_rate_and_number_can_be_drawn(width, height, fps, number):
    card = TestCard(width, height, fps)
    assert drawn(card, number % 2**32).shape == (height, width, 3)
    even = TestCard(width // 2 * 2, height // 2 * 2, fps, "i420")
    assert drawn(even, number % 2**32).shape == (height // 2 * 3, width // 2 * 2)


def test_the_wrong_array_is_refused():
    card = TestCard(320, 180, 30)
    frozen = np.zeros(card.shape, np.uint8)
    frozen.flags.writeable = False
    wrong: list[Any] = [np.zeros((180, 320), np.uint8), np.zeros(card.shape, np.float32), frozen]
    for array in wrong:
        with pytest.raises(FrameError):
            card.draw(array, 0, MOMENT)


def test_a_card_that_cannot_be_drawn_is_refused():
    for width, height, fps in ((0, 180, 30), (320, 8, 30), (100_000, 180, 30), (320, 180, 0), (320, 180, -1)):
        with pytest.raises(ConfigError):
            TestCard(width, height, fps)
    with pytest.raises(ConfigError):
        TestCard(321, 180, 30, "i420")
    with pytest.raises(UnknownName):
        TestCard(320, 180, 30, "nv12")
