"""Rectangles as programs write them, and as mice draw them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, QRectF

from rushes.errors import ConfigError
from rushes.qt.rects import band, region_of, to_pixels

SCREEN = (800, 600)


@pytest.mark.parametrize(
    "rect", [QRect(1, 2, 3, 4), QRectF(1.2, 1.8, 3.4, 3.6), (1, 2, 3, 4), [1, 2, 3, 4], (0.6, 2, 3, 4)]
)
def test_regions(rect):
    assert region_of(rect) == (1, 2, 3, 4)


def test_none_is_all():
    assert region_of(None) is None


@pytest.mark.parametrize(
    "rect", [(1, 2, 3), (1, 2, 0, 4), QRect(), "1,2,3,4", 5, (1, 2, float("nan"), 4), (1, 2, 3, -4)]
)
def test_what_is_no_region_is_refused(rect):
    with pytest.raises(ConfigError, match="rect"):
        region_of(rect)


@pytest.mark.parametrize("start", [(100, 80), (420, 300), (100, 300), (420, 80)])
def test_a_band_is_the_same_from_every_corner(start):
    end = (520 - start[0], 380 - start[1])
    assert band(start, end, SCREEN) == (100, 80, 320, 220)


def test_the_whole_screen_can_be_had_and_nothing_beyond():
    assert band((0, 0), (799, 599), SCREEN) == (0, 0, 800, 600)
    assert band((-50, 700), (900, -1), SCREEN) == (0, 0, 800, 600)
    assert band((700, 500), (799, 599), SCREEN) == (700, 500, 100, 100)


def test_a_click_is_nothing():
    assert band((5, 6), (5, 6), SCREEN)[2:] == (0, 0)
    assert band((799, 599), (799, 599), SCREEN)[2:] == (0, 0)


def test_pixels_of_a_scaled_desktop():
    assert to_pixels((210.5, 150.5), (400, 300), SCREEN) == (421, 301)
    assert to_pixels((210.0, 150.0), (800, 600), SCREEN) == (210, 150)
