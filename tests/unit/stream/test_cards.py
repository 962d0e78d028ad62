from __future__ import annotations

import itertools

import numpy as np
import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.stream import cards
from rushes.stream.cards import IMAG_L, IMAG_M, IMAG_S, TEST_L, TEST_M, TEST_S, loadimage, moving

ALL = (TEST_S, TEST_M, TEST_L, IMAG_S, IMAG_M, IMAG_L)
SIZES = {
    TEST_S: (640, 480),
    TEST_M: (1280, 720),
    TEST_L: (1920, 1080),
    IMAG_S: (640, 480),
    IMAG_M: (1280, 720),
    IMAG_L: (1920, 1080),
}


def test_the_six_are_numbered_from_nought_as_old_programs_have_them() -> None:
    assert ALL == (0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("card", ALL)
def test_each_picture_has_its_size_and_is_not_plain(card: int) -> None:
    image = loadimage(card)
    assert (image.size, image.mode) == (SIZES[card], "RGB")
    pixels = np.asarray(image)
    assert len(np.unique(pixels[::8, ::8].reshape(-1, 3), axis=0)) > 50
    assert pixels.std() > 30


def test_the_card_shows_all_primary_colours_and_the_whole_ramp() -> None:
    pixels = np.asarray(loadimage(TEST_L)).astype(int)
    for color in ((192, 0, 0), (0, 192, 0), (0, 0, 192), (192, 192, 0), (0, 192, 192), (192, 0, 192)):
        assert (pixels == color).all(axis=2).sum() > 10_000
    gray = pixels[(pixels[:, :, 0] == pixels[:, :, 1]) & (pixels[:, :, 1] == pixels[:, :, 2])][:, 0]
    assert set(range(256)) <= set(gray.tolist())


def test_a_picture_that_was_drawn_on_does_not_spoil_the_next() -> None:
    first = loadimage(TEST_S)
    before = first.tobytes()
    first.paste((1, 2, 3), (0, 0, 640, 480))
    assert loadimage(TEST_S).tobytes() == before


def test_at_most_two_pictures_are_kept() -> None:
    for card in ALL:
        loadimage(card)
    assert cards._drawn.cache_info().currsize <= 2


@pytest.mark.parametrize("card", [-1, 6, 1.5, "TEST_S", None, True])
def test_another_number_is_refused_at_the_call_by_the_names_there_are(card: int) -> None:
    with pytest.raises(UnknownName, match=r"TEST_S \(0\).*IMAG_L \(5\)"):
        loadimage(card)
    with pytest.raises(ConfigError):
        moving(card, True)


def test_a_numpy_number_is_a_number() -> None:
    assert loadimage(int(np.uint8(3))).size == loadimage(np.uint8(3)).size  # type: ignore[arg-type]


@pytest.mark.parametrize("card", ALL)
def test_a_picture_that_stands_still_is_the_same_array_each_time(card: int) -> None:
    pictures = moving(card, False)
    first = next(pictures)
    assert all(next(pictures) is first for _ in range(1000))
    np.testing.assert_array_equal(first[:, :, ::-1], np.asarray(loadimage(card)))


@pytest.mark.parametrize("card", ALL)
def test_a_moving_picture_runs_for_ever_and_comes_round_again(card: int) -> None:
    width, height = SIZES[card]
    whole = np.asarray(loadimage(card))[:, :, ::-1]
    for number, picture in enumerate(itertools.islice(moving(card, True), 5000)):
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous
        if number % 997 == 0:
            top = np.flatnonzero((whole == picture[0]).all(axis=(1, 2)))
            assert any(np.array_equal(np.roll(whole, -start, axis=0), picture) for start in top)


def test_a_moving_picture_moves_a_little_each_time() -> None:
    pictures = moving(IMAG_S, True)
    first, second = next(pictures), next(pictures)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first[2:], second[:-2])


def test_pictures_cannot_be_drawn_on_by_one_user_for_all_others() -> None:
    for animated in (False, True):
        assert not next(moving(TEST_S, animated)).flags.writeable
