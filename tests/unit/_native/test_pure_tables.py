"""The twin's views lie where the layout says, record by record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rushes._native import layout, pure, pure_tables
from rushes.errors import SegmentMismatch
from rushes.testing.depot_core_bench import join, make_segment

if TYPE_CHECKING:
    import struct
    from collections.abc import Iterator


@pytest.fixture
def segment() -> Iterator[int]:
    fd = make_segment(pure, layout.CORE_PURE, 3, 2, 100)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    ("record", "packed", "values"),
    [
        (pure_tables.PARTICIPANT, layout.PARTICIPANT, (1, 3, 7, 99, 0, 5, 6, b"name")),
        (pure_tables.CONSUMER, layout.CONSUMER, (1, 1, 4, 7, -1, 8, 9, 10, b"name")),
        (pure_tables.SLOT, layout.SLOT, (9, 8, -7, -6, 5, 4, 3, b"<u2", b"bgr24", 2, 12, 480, 640, 3, 1)),
    ],
)
def test_records_have_the_fields_of_the_layout(
    record: np.dtype[Any], packed: struct.Struct, values: tuple[object, ...]
) -> None:
    assert record.itemsize == packed.size == layout.RECORD
    read = np.frombuffer(packed.pack(*values), record)[0]
    flat = [each for name in record.names or () for each in np.atleast_1d(read[name]).tolist()]
    assert flat == [
        value for at, value in enumerate(values) if not (packed is layout.PARTICIPANT and at == 4)
    ]


def test_each_table_begins_at_its_offset(segment: int) -> None:
    where = layout.geometry(3, 2, 100)
    header = layout.unpack(os.pread(segment, layout.HEADER_BYTES, 0), where.total)
    t = pure_tables.Tables(segment, header, writable=True, prefault=False)
    t.rows["state"][0], t.consumers["state"][0], t.slots["tag"][0], t.numbers[0] = 11, 12, 13, 14
    t.leases[1, 1], t.since[1, 1], t.meta[1, 0], t.head = 15, 16, 17, 18
    for at, expected in (
        (where.participants_off, 11),
        (where.consumers_off, 12),
        (where.slots_off, 13),
        (where.numbers_off, 14),
        (where.leases_off + layout.lease_row(2) + 2, 15),
        (where.since_off + (2 + 1) * 8, 16),
        (where.meta_off + layout.META_BYTES, 17),
        (layout.HEAD, 18),
    ):
        assert os.pread(segment, 1, at)[0] == expected


@pytest.mark.parametrize("name", layout.COUNTER_NAMES)
def test_counters_lie_in_the_order_of_their_names(segment: int, name: str) -> None:
    header = layout.unpack(os.pread(segment, layout.HEADER_BYTES, 0), os.fstat(segment).st_size)
    t = pure_tables.Tables(segment, header, writable=False, prefault=False)
    t.count(name, 5)
    at = layout.COUNTERS + 8 * layout.COUNTER_NAMES.index(name)
    assert os.pread(segment, 8, at) == (5).to_bytes(8, "little")


def test_the_dirty_word_lies_where_nothing_else_does() -> None:
    assert pure_tables.DIRTY >= layout.ATTACHED_EVER + 8
    assert pure_tables.DIRTY + 4 <= layout.PAGE


def test_a_segment_of_the_compiled_core_is_refused() -> None:
    fd = make_segment(pure, layout.CORE_NATIVE, 3, 2, 100)
    try:
        with pytest.raises(SegmentMismatch, match="compiled core"):
            join(pure, fd)
    finally:
        os.close(fd)


def test_a_cut_segment_is_refused(segment: int) -> None:
    os.ftruncate(segment, layout.geometry(3, 2, 100).total - layout.PAGE)
    with pytest.raises(SegmentMismatch, match="cut short"):
        join(pure, segment)


@pytest.mark.parametrize(
    ("text", "size", "expected"), [("plain", 3, b"pla"), ("aé", 2, b"a"), ("é", 2, "é".encode())]
)
def test_names_are_cut_between_characters(text: str, size: int, expected: bytes) -> None:
    assert pure_tables.cut(text, size) == expected
