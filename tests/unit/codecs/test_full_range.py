from __future__ import annotations

import numpy as np
import pytest

from rushes.codecs import colour, full_range, jpeg


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height * 3 // 2, width), np.uint8)


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (6, 4), (2, 10), (256, 258), (722, 1282)])
def test_it_is_what_the_tables_of_bytes_say(size):
    array = noise(*size)
    kept = array.copy()
    for found, expected in zip(full_range.planes(array), colour.full_range_planes(array), strict=True):
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        assert np.array_equal(found, expected)
    assert np.array_equal(array, kept)


def test_every_pair_of_bytes():
    luma = np.arange(1 << 16, dtype=np.uint16).view(np.uint8)
    array = np.concatenate([luma, luma, luma]).reshape(768, 512)
    for found, expected in zip(full_range.planes(array), colour.full_range_planes(array), strict=True):
        assert np.array_equal(found, expected)


def test_memory_that_is_read_only_has_gaps_or_begins_at_an_odd_byte():
    array = noise(40, 60)
    frozen, wide = array.copy(), np.repeat(array, 2, axis=1)[:, ::2]
    frozen.flags.writeable = False
    odd = np.concatenate([np.zeros(1, np.uint8), array.reshape(-1)])[1:].reshape(array.shape)
    expected = full_range.planes(array)
    for given in (frozen, wide, odd):
        assert all(map(np.array_equal, full_range.planes(given), expected))
        assert jpeg.encode(given, "i420") == jpeg.encode(array, "i420")
