"""The built-in work: boxes around what has sharp edges."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.figures import Box
from rushes.frame import Frame
from rushes.station.edges import boxes


def picture(*squares, side=240, ground=30):
    array = np.full((side, side, 3), ground, np.uint8)
    for left, top, size in squares:
        array[top : top + size, left : left + size] = 230
    return array


def found(frame):
    return [
        (each.x * 240, each.y * 240, (each.x + each.w) * 240, (each.y + each.h) * 240)
        for each in frame.figures
    ]


@pytest.mark.parametrize("format", ["bgr24", "gray8", "i420"])
def test_a_bright_square_gets_a_box_around_it(format):
    frame = Frame(picture((60, 100, 40)), 7).to(format)
    made = boxes(frame)
    (box,) = found(made)
    assert box == pytest.approx((60, 100, 100, 140), abs=10.5)
    assert isinstance(made.figures[0], Box)
    assert made.number == 7
    assert np.shares_memory(made.array, frame.array)


def test_two_things_get_two_boxes_the_one_of_more_edges_first():
    made = found(boxes(Frame(picture((40, 40, 30), (130, 120, 60)))))
    assert [round(box[0] / 10) for box in made] == [13, 4]


def test_a_smooth_picture_has_none():
    ramp = np.repeat(np.linspace(0, 255, 240, dtype=np.uint8)[None, :, None], 240, axis=0).repeat(3, axis=2)
    assert boxes(Frame(ramp)).figures == ()


def test_what_reaches_the_border_or_fills_the_picture_is_no_thing():
    assert boxes(Frame(picture((0, 100, 40)))).figures == ()
    assert boxes(Frame(picture((20, 20, 200)))).figures == ()


def test_there_are_never_more_than_twelve():
    squares = [(x, y, 14) for x in range(20, 220, 40) for y in range(20, 220, 40)]
    assert len(boxes(Frame(picture(*squares))).figures) == 12


def test_a_picture_smaller_than_a_cell_has_none():
    assert boxes(Frame(np.zeros((6, 6, 3), np.uint8))).figures == ()
