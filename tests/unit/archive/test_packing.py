"""Samples to bytes and back; anything else is refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.archive.packing import pack, unpack
from rushes.archive.records import Sample
from rushes.errors import ArchiveCorrupt, ConfigError

NANOSECONDS = st.integers(-(1 << 61), 1 << 61)
NUMBERS = st.none() | st.integers(0, (1 << 63) - 1)
SAMPLES = st.lists(
    st.builds(Sample, NANOSECONDS, NUMBERS, st.integers(0, 1 << 40), st.integers(0, (1 << 32) - 1)),
    min_size=1,
    max_size=40,
)


def second(numbers: list[int | None]) -> list[Sample]:
    return [
        Sample(1_700_000_000_000_000_000 + at * 40_000_000, n, 9000 + at, at) for at, n in enumerate(numbers)
    ]


@given(SAMPLES)
def test_what_is_packed_comes_back(samples: list[Sample]):
    found = unpack(pack(samples))
    assert found == tuple(samples)
    assert all(type(each) is Sample for each in found)


@pytest.mark.parametrize("numbers", [[None] * 3, [5], [None], [1, None, 3], [7, 3, 9], [None, 2, None]])
def test_numbers_may_be_missing(numbers: list[int | None]):
    assert [each.number for each in unpack(pack(second(numbers)))] == numbers


def test_a_second_of_pictures_takes_few_bytes():
    assert len(pack(second(list(range(25))))) <= 25 * 12 + 40


@pytest.mark.parametrize("length", range(60))
def test_what_is_cut_off_is_refused(length: int):
    with pytest.raises(ArchiveCorrupt):
        unpack(pack(second([1, 2, None]))[:length])


@given(SAMPLES, st.data())
def test_any_changed_bit_is_seen(samples: list[Sample], data: st.DataObject):
    good = pack(samples)
    at = data.draw(st.integers(0, len(good) * 8 - 1))
    bad = bytearray(good)
    bad[at // 8] ^= 1 << at % 8
    with pytest.raises(ArchiveCorrupt):
        unpack(bytes(bad))


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes):
    with pytest.raises(ArchiveCorrupt):
        unpack(data)


@given(st.binary(min_size=28, max_size=200), st.integers(0, 5), st.integers(0, 5))
def test_garbage_with_a_right_checksum_is_refused_or_harmless(data: bytes, count: int, numbered: int):
    body = b"\x01" + count.to_bytes(4, "little") + numbered.to_bytes(4, "little") + data
    try:
        found = unpack(body + zlib.crc32(body).to_bytes(4, "little"))
    except ArchiveCorrupt:
        return
    assert len(found) == count
    assert sum(each.number is not None for each in found) == numbered


def test_one_that_claims_to_be_huge_takes_no_memory():
    body = b"\x01" + b"\xff" * 8 + bytes(16) + b"bbB"
    with pytest.raises(ArchiveCorrupt, match="contradicts"):
        unpack(body + zlib.crc32(body).to_bytes(4, "little"))


def test_another_version_is_named():
    with pytest.raises(ArchiveCorrupt, match="version 9"):
        unpack(b"\x09" + pack(second([1]))[1:])


@pytest.mark.parametrize(
    "sample",
    [Sample(1 << 63, 1, 1, 1), Sample(1, 1 << 63, 1, 1), Sample(1, 1, 1 << 64, 1), Sample(1, 1, 1, 1 << 32)],
)
def test_values_that_do_not_fit_are_the_callers_mistake(sample: Sample):
    with pytest.raises(ConfigError):
        pack([sample])


def test_no_samples_are_the_callers_mistake():
    with pytest.raises(ConfigError):
        pack([])
