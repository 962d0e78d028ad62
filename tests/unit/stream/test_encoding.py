from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushes.codecs import jpeg
from rushes.errors import FrameError, RushesError
from rushes.frame import Frame
from rushes.stream import encoding
from tests.support.streams import picture

CODED = np.frombuffer(jpeg.encode(picture(), "bgr24", 80), np.uint8)


def test_a_picture_becomes_a_jpeg_and_says_what_comes_out() -> None:
    made = encoding.to_jpeg(Frame(picture(), format="rgb24"), 80)
    assert (made.codec, made.format, made.dtype, made.shape) == ("jpeg", "rgb24", "u1", (48, 64, 3))
    assert jpeg.read_size(bytes(made.payload)) == (48, 64)


def test_a_jpeg_goes_as_it_is_whatever_is_asked() -> None:
    for made in (
        encoding.to_jpeg(Frame(CODED, format="jpeg"), 1),
        encoding.to_raw(Frame(CODED, format="jpeg")),
    ):
        assert (made.codec, made.format, made.shape) == ("jpeg", "bgr24", (48, 64, 3))
        assert bytes(made.payload) == CODED.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 5), np.uint16),
        np.zeros((0, 5), np.uint8),
        np.zeros((1, 65501), np.uint8),
    ],
)
def test_what_jpeg_cannot_hold_travels_raw(array: Any) -> None:
    format = "gray8" if array.dtype == np.uint8 and array.size else "array"
    made = encoding.to_jpeg(Frame(array, format=format), 80)
    assert (made.codec, made.shape) == ("raw", array.shape)
    assert bytes(made.payload) == array.tobytes()


def test_raw_pixels_in_a_row_are_not_copied() -> None:
    array = picture()
    assert np.shares_memory(np.asarray(memoryview(encoding.to_raw(Frame(array)).payload)), array)


def test_raw_pixels_not_in_a_row_are_laid_out() -> None:
    array = picture()[::2, ::-1]
    assert bytes(encoding.to_raw(Frame(array)).payload) == array.tobytes()


@pytest.mark.parametrize(
    ("array", "format"),
    [
        (np.zeros((1, 1, 1, 1, 1), np.uint8), "array"),
        (np.broadcast_to(np.float64(0), (64 * 1024 * 1024 // 8 + 1,)), "array"),
        (np.zeros(2, "M8[ns]"), "array"),
        (np.zeros(64, np.uint8), "jpeg"),
    ],
)
def test_what_cannot_travel_is_said_before(array: Any, format: str) -> None:
    with pytest.raises((FrameError, RushesError)):
        encoding.check_frame(Frame(array, format=format))


@pytest.mark.parametrize(
    "array", [np.array(3, np.float32), np.zeros((0, 3)), picture(), np.zeros((2, 2), bool)]
)
def test_what_can_travel_is_passed(array: Any) -> None:
    encoding.check_frame(Frame(array, format="bgr24" if array.ndim == 3 else "array"))
