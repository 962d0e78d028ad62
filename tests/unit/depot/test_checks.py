"""What may enter a depot, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.depot.checks import Shapes, native_dtype, slot_size
from rushes.errors import ConfigError, FrameError

U8 = np.dtype(np.uint8)
FOREIGN = np.dtype(np.uint16).newbyteorder()


# -- dtypes


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int64", "float16", "float32", "float64", "complex128", int]
)
def test_plain_numbers_are_taken(dtype: Any) -> None:
    assert native_dtype(dtype) == np.dtype(dtype)


@pytest.mark.parametrize(
    "dtype", [object, FOREIGN, "S8", "U2", "V4", "M8[ns]", "m8[s]", [("r", "u1"), ("g", "u1")], "clongdouble"]
)
def test_what_not_every_reader_can_map_is_refused(dtype: Any) -> None:
    with pytest.raises(FrameError, match="plain numbers in native byte order") as error:
        native_dtype(dtype)
    assert error.value.dtype == str(np.dtype(dtype))


def test_what_is_no_dtype_is_the_callers_mistake() -> None:
    with pytest.raises(ConfigError, match="'uint9'"):
        native_dtype("uint9")


# -- the size of a slot


@pytest.mark.parametrize(
    ("shape", "dtype", "slot_bytes", "size"),
    [
        ((480, 640, 3), "uint8", None, 480 * 640 * 3),
        ((480, 640), "float32", None, 480 * 640 * 4),
        ((7,), "complex128", None, 112),
        ((2, 3), "uint8", 6, 6),
        ((2, 3), "uint8", 100, 100),
        (None, "uint8", 100, 100),
        ((1 << 20, 1 << 20, 1 << 20), "uint8", None, 1 << 60),
    ],
)
def test_a_slot_holds_the_frame_and_what_was_asked_for(
    shape: tuple[int, ...] | None, dtype: str, slot_bytes: int | None, size: int
) -> None:
    assert slot_size(shape, np.dtype(dtype), slot_bytes) == size


def test_neither_shape_nor_size_names_both_remedies() -> None:
    with pytest.raises(ConfigError, match=r"shape=.*slot_bytes="):
        slot_size(None, U8, None)


@pytest.mark.parametrize("shape", [(), (0,), (4, 0), (-1, 4), (1, 1, 1, 1, 1)])
def test_shapes_without_content_or_with_too_many_sides_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="1 to 4 dimensions, each at least 1"):
        slot_size(shape, U8, 1000)


def test_a_slot_smaller_than_its_frame_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"slot_bytes=23 .* 24 bytes"):
        slot_size((2, 3), np.dtype(np.float32), 23)


# -- frames of a depot with a shape


def test_only_the_one_shape_and_dtype_enters() -> None:
    shapes = Shapes((4, 6, 3), U8, 72)
    assert shapes.check(np.zeros((4, 6, 3), np.uint8)) == "bgr24"
    for bad in (
        np.zeros((6, 4, 3), np.uint8),
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 3, 1), np.uint8),
        np.zeros((4, 6, 3), np.int8),
        np.zeros((4, 6, 3), bool),
        np.zeros(72, np.uint8),
    ):
        for _ in range(2):  # what was refused once is not remembered as good
            with pytest.raises(FrameError, match="this depot holds") as error:
                shapes.check(bad)
            assert (error.value.shape, error.value.dtype) == (bad.shape, str(bad.dtype))


def test_a_strided_view_counts_by_its_looks() -> None:
    shapes = Shapes((4, 6, 3), U8, 72)
    assert shapes.check(np.zeros((8, 12, 3), np.uint8)[::2, ::-2]) == "bgr24"


# -- frames of a depot without one


@pytest.mark.parametrize(
    ("shape", "dtype", "format"),
    [
        ((4, 6, 3), "uint8", "bgr24"),
        ((4, 6, 4), "uint8", "bgra"),
        ((4, 6), "uint8", "gray8"),
        ((4, 6, 1), "uint8", "gray8"),
        ((4, 6, 3), "float32", "array"),
        ((96,), "uint8", "array"),
        ((2, 3, 4, 4), "uint8", "array"),
    ],
)
def test_the_format_is_guessed_from_the_looks(shape: tuple[int, ...], dtype: str, format: str) -> None:
    shapes = Shapes(None, U8, 1000)
    assert shapes.check(np.zeros(shape, dtype)) == format
    assert shapes.check(np.ones(shape, dtype)) == format


def test_a_frame_fits_up_to_the_last_byte() -> None:
    shapes = Shapes(None, U8, 24)
    assert shapes.check(np.zeros((2, 3), np.float32)) == "array"
    for shape, dtype in (((25,), "uint8"), ((2, 2), "float64"), ((0, 4), "uint8")):
        with pytest.raises(FrameError, match="a slot holds 1 to 24"):
            shapes.check(np.zeros(shape, dtype))
    for sides in ((), (1, 1, 1, 1, 1)):
        with pytest.raises(FrameError, match="1 to 4 dimensions"):
            shapes.check(np.zeros(sides, np.uint8))
    with pytest.raises(FrameError, match="plain numbers"):
        shapes.check(np.zeros(2, object))


def test_sides_whose_product_is_beyond_64_bits_do_not_wrap_around() -> None:
    shapes = Shapes(None, U8, 1000)
    with pytest.raises(FrameError, match="a slot holds"):
        shapes.check_geometry((1 << 32, 1 << 32), U8)


def test_a_thousand_kinds_of_frames_do_not_grow_the_memory_of_them() -> None:
    shapes = Shapes(None, U8, 5000)
    for k in range(1, 1000):
        assert shapes.check(np.zeros(k, np.uint8)) == "array"
    assert len(shapes._known) <= 64
    assert shapes.check(np.zeros((1, 3, 3), np.uint8)) == "bgr24"


# -- a format by name


@pytest.mark.parametrize(
    ("shape", "format"),
    [
        ((4, 6, 3), "rgb24"),
        ((6, 4), "i420"),
        ((6, 4), "gray8"),
        ((6, 4), None),
        ((50,), "jpeg"),
        ((5, 5), "array"),
    ],
)
def test_a_named_format_wins_over_the_guess(shape: tuple[int, ...], format: str | None) -> None:
    array = np.zeros(shape, np.uint8)
    assert Shapes(None, U8, 1000).check_format(array, format) == (format or "gray8")


def test_a_named_format_must_fit_the_array_and_exist() -> None:
    shapes = Shapes(None, U8, 1000)
    for shape, format in (((4, 6, 3), "i420"), ((5, 5), "i420"), ((4, 6), "bgr24"), ((4, 6), "jpeg")):
        with pytest.raises(FrameError, match=f"{format} wants"):
            shapes.check_format(np.zeros(shape, np.uint8), format)
    with pytest.raises(FrameError, match="dtype"):
        shapes.check_format(np.zeros((4, 6, 3), np.float32), "rgb24")
    with pytest.raises(ConfigError, match=r"'yuv'.*i420"):
        shapes.check_format(np.zeros((4, 6), np.uint8), "yuv")
    with pytest.raises(FrameError, match="a slot holds"):
        shapes.check_format(np.zeros(1001, np.uint8), "jpeg")


# -- all of it


@given(
    st.lists(st.integers(0, 40), max_size=6).map(tuple),
    st.sampled_from(["uint8", "int16", "float64", "bool", "complex64", "S3", "M8[s]", "O"]),
    st.integers(1, 5000),
)
def test_a_frame_enters_exactly_when_it_fits(shape: tuple[int, ...], dtype: str, slot_bytes: int) -> None:
    kind = np.dtype(dtype)
    size = kind.itemsize
    for side in shape:
        size *= side
    fits = 1 <= len(shape) <= 4 and 0 < size <= slot_bytes and kind.kind in "biufc"
    array = np.broadcast_to(np.zeros((), kind), shape)  # looks its size and takes none
    shapes = Shapes(None, U8, slot_bytes)
    try:
        shapes.check(array)
    except FrameError:
        assert not fits
    else:
        assert fits
