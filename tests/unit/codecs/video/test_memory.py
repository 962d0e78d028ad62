"""Arrays are seen by the library, not copied: copying would hold up every other thread."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.codecs.video.memory import shape_of, unwrap, wrap

FORMATS = ["bgr24", "rgb24", "bgra", "gray8", "i420"]


@pytest.mark.parametrize("format", FORMATS)
def test_wrapping_shares_the_memory(format):
    array = np.arange(np.prod(shape_of(format, 48, 64)), dtype=np.uint8).reshape(shape_of(format, 48, 64))
    frame = wrap(array, format)
    assert (frame.height, frame.width) == (48, 64)
    assert np.shares_memory(np.frombuffer(memoryview(frame.planes[0]), np.uint8), array)
    assert np.array_equal(unwrap(frame, format), array)


@pytest.mark.parametrize("format", ["bgr24", "bgra", "gray8"])
def test_rows_of_a_larger_picture_are_shared_too(format):
    view = np.zeros(shape_of(format, 60, 80), np.uint8)[10:58, 8:72]
    frame = wrap(view, format)
    assert np.shares_memory(np.frombuffer(memoryview(frame.planes[0]), np.uint8), view)
    view[...] = 7
    assert (unwrap(frame, format) == 7).all()


@pytest.mark.parametrize("height", range(2, 20, 2))
def test_planes_of_any_even_height(height):
    array = np.arange(height * 3 // 2 * 10, dtype=np.uint8).reshape(height * 3 // 2, 10)
    frame = wrap(array, "i420")
    assert (frame.height, frame.width) == (height, 10)
    assert np.array_equal(unwrap(frame, "i420"), array)
