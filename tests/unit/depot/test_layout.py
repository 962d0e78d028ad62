"""The segment's layout: its parts never overlap, and a damaged header is never taken for a sound one."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import astuple, fields, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rushes._native import core, layout
from rushes.depot.policy import POLICIES
from rushes.errors import ConfigError, SegmentMismatch

LINE, PAGE = 64, 4096
TERABYTE = 1 << 40

slots = st.integers(1, layout.MAX_SLOTS)
participants = st.integers(1, layout.MAX_PARTICIPANTS)
slot_sizes = st.integers(1, TERABYTE)


def header(**changes: Any) -> layout.Header:
    usual = layout.Header(
        geometry=layout.geometry(4, 64, 192),
        core=layout.CORE_PURE,
        flags=layout.FLAG_LAZY,
        policy=2,
        creator_pid=4711,
        created_ns=1_700_000_000_000_000_000,
        creator_start=99,
        uuid=bytes(range(16)),
        dtype="|u1",
        shape=(8, 8, 3),
        spill_path="",
    )
    return replace(usual, **changes)


HEADERS = {
    "fixed shape": header(),
    "any shape": header(shape=None, core=layout.CORE_NATIVE, policy=0, geometry=layout.geometry(1, 1, 1)),
    "spilling": header(policy=3, dtype="<c16", spill_path="/disk/\N{SNOWMAN}/rushes.spill"),
}

# Where each changeable field of the header lies; a byte outside these may never differ.
PLACES = {
    "core": range(16, 20),
    "flags": range(20, 24),
    "policy": range(120, 124),
    "creator_pid": range(124, 128),
    "created_ns": range(128, 136),
    "creator_start": range(136, 144),
    "uuid": range(144, 160),
    "dtype": range(160, 168),
    "shape": range(168, 208),
    "spill_path": range(216, 728),
    "geometry": range(32, 40),  # slot_bytes: another number of the same whole pages leads nobody astray
}
RESERVED = range(212, 216)


@given(slots, participants, slot_sizes)
@example(1, 1, 1)
@example(layout.MAX_SLOTS, layout.MAX_PARTICIPANTS, TERABYTE)
def test_parts_follow_one_another_aligned_and_without_overlap(n: int, people: int, size: int) -> None:
    g = layout.geometry(n, people, size)
    row = layout.lease_row(people)
    parts = (
        (0, PAGE, PAGE),
        (g.participants_off, people * 128, LINE),
        (g.consumers_off, people * 128, LINE),
        (g.slots_off, n * 128, LINE),
        (g.numbers_off, n * 8, LINE),
        (g.leases_off, n * row, LINE),
        (g.since_off, n * people * 8, LINE),
        (g.meta_off, n * layout.META_BYTES, LINE),
        (g.payload_off, n * g.stride, PAGE),
    )
    for (begin, length, align), following in zip(
        parts, [at for at, _, _ in parts[1:]] + [g.total], strict=True
    ):
        assert begin % align == 0
        assert begin + length <= following
        assert following - (begin + length) < PAGE, "more room is wasted than alignment asks for"
    assert g.total == g.payload_off + n * g.stride
    assert (g.slots, g.participants, g.slot_bytes) == (n, people, size)
    assert 0 <= g.stride - size < PAGE
    assert g.stride % PAGE == 0
    assert people * 2 <= row < people * 2 + LINE
    assert row % LINE == 0


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ((0, 1, 1), "slots"),
        ((layout.MAX_SLOTS + 1, 1, 1), "slots"),
        ((1, 0, 1), "participants"),
        ((1, layout.MAX_PARTICIPANTS + 1, 1), "participants"),
        ((1, 1, 0), "slot_bytes"),
        ((1, 1, TERABYTE + 1), "slot_bytes"),
        ((-5, 1, 1), "slots"),
    ],
)
def test_numbers_out_of_bounds_are_refused_by_name(numbers: tuple[int, int, int], name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be from 1 to"):
        layout.geometry(*numbers)


def test_words_that_processes_write_at_once_lie_on_lines_of_their_own() -> None:
    words = (layout.HEAD, layout.WAKE, layout.ROOM, layout.MUTEX, layout.COUNTERS, layout.WRITER_DIED)
    assert len({at // LINE for at in words}) == len(words)
    assert min(words) >= layout.HEADER_BYTES
    ends = (layout.COUNTERS + 8 * len(layout.COUNTER_NAMES), layout.MUTEX + 40)
    assert ends[0] <= layout.WRITER_DIED
    assert ends[1] <= layout.COUNTERS
    assert layout.ATTACHED_EVER + 8 < PAGE - 1, "the page's last byte is the gate"


def test_names_of_counters_reasons_and_statuses_agree() -> None:
    dropped = [name for name in layout.COUNTER_NAMES if name.startswith("dropped_")]
    assert dropped == ["dropped_" + reason.replace(" ", "_") for reason in layout.DROP_REASONS]
    assert [layout.DROP_REASONS[status - 1] for status in (core.FULL, core.LEASED, core.NO_CONSUMER)] == [
        "full",
        "leased",
        "no consumer",
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("rushes._native._core") is None, reason="the compiled core is not built here"
)
def test_the_compiled_core_has_the_same_sizes() -> None:
    compiled = importlib.import_module("rushes._native._core")
    last = layout.ATTACHED_EVER + 8
    assert compiled.sizes == (
        last + -last % LINE,
        layout.PARTICIPANT.size,
        layout.CONSUMER.size,
        layout.SLOT.size,
        layout.META_BYTES,
    )
    assert layout.PARTICIPANT.size == layout.CONSUMER.size == layout.SLOT.size == layout.RECORD == 128


@given(
    slots,
    participants,
    slot_sizes,
    st.sampled_from((layout.CORE_NATIVE, layout.CORE_PURE)),
    st.integers(0, 15),
    st.sampled_from(range(len(POLICIES))),
    st.none() | st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=layout.MAX_DIMS).map(tuple),
    st.binary(min_size=16, max_size=16),
)
def test_what_is_packed_is_unpacked(
    n: int,
    people: int,
    size: int,
    kind: int,
    flags: int,
    policy: int,
    shape: tuple[int, ...] | None,
    uuid: bytes,
) -> None:
    geometry = layout.geometry(n, people, size)
    given_ = header(geometry=geometry, core=kind, flags=flags, policy=policy, shape=shape, uuid=uuid)
    data = layout.pack(given_)
    assert len(data) == layout.HEADER_BYTES
    assert layout.unpack(data, geometry.total) == given_
    assert layout.unpack(data + b"whatever follows", geometry.total) == given_


@pytest.mark.parametrize("sound", HEADERS.values(), ids=HEADERS)
def test_the_magic_alone_says_that_it_was_finished(sound: layout.Header) -> None:
    unfinished = layout.pack(sound, finished=False)
    assert unfinished == bytes(8) + layout.pack(sound)[8:]
    assert layout.pack(sound)[:8] == b"RUDEPORT"
    with pytest.raises(SegmentMismatch, match="never finished"):
        layout.unpack(unfinished, sound.geometry.total)


@pytest.mark.parametrize("sound", HEADERS.values(), ids=HEADERS)
def test_a_damaged_byte_is_refused_or_changes_its_own_field_alone(sound: layout.Header) -> None:
    data = layout.pack(sound)
    accepted = set()
    for at in range(len(data)):
        for flip in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            damaged = data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :]
            try:
                found = layout.unpack(damaged, sound.geometry.total)
            except SegmentMismatch:
                continue
            field = next((name for name, place in PLACES.items() if at in place), "")
            assert field or at in RESERVED, f"byte {at} was damaged and nobody noticed"
            same = replace(found, **{field: getattr(sound, field)}) if field else found
            assert same == sound, f"byte {at}"
            other_slots = replace(sound.geometry, slot_bytes=found.geometry.slot_bytes)
            assert found.geometry == other_slots, f"byte {at}"
            accepted.add(field)
    # What cannot be told from a good value is information only: who made it and when, and what for.
    assert accepted >= {"flags", "creator_pid", "created_ns", "creator_start", "uuid"}


@pytest.mark.parametrize("sound", HEADERS.values(), ids=HEADERS)
def test_what_is_cut_short_or_too_long_is_refused(sound: layout.Header) -> None:
    data, total = layout.pack(sound), sound.geometry.total
    for size in (0, layout.HEADER_BYTES, total - 1, total + 1, 2 * total):
        with pytest.raises(SegmentMismatch, match=f"{size} bytes, its header says {total}"):
            layout.unpack(data, size)
    for length in (0, 1, len(data) - 1):
        with pytest.raises(SegmentMismatch, match="less than a header"):
            layout.unpack(data[:length], total)


def test_another_version_or_byte_order_is_named() -> None:
    sound = header()
    data = layout.pack(sound)
    swapped = data[:12] + data[12:16][::-1] + data[16:]
    newer = data[:8] + (layout.VERSION + 1).to_bytes(4, "little") + data[12:]
    for other in (swapped, newer):
        with pytest.raises(SegmentMismatch, match="recreate the depot"):
            layout.unpack(other, sound.geometry.total)


@given(
    st.binary(min_size=layout.HEADER_BYTES, max_size=layout.HEADER_BYTES),
    st.integers(0, 2**63),
    st.booleans(),
)
def test_random_bytes_are_refused_and_nothing_else(noise: bytes, size: int, begins_well: bool) -> None:
    data = layout.pack(header())[:16] + noise[16:] if begins_well else noise
    with pytest.raises(SegmentMismatch):
        layout.unpack(data, size)


@example(32, b"\x01")
@given(st.integers(0, layout.HEADER_BYTES), st.binary(min_size=1, max_size=64))
def test_overwritten_stretches_never_raise_anything_else(at: int, junk: bytes) -> None:
    sound = header()
    data = layout.pack(sound)
    damaged = (data[:at] + junk + data[at + len(junk) :])[: layout.HEADER_BYTES]
    try:
        found = layout.unpack(damaged, sound.geometry.total)
    except SegmentMismatch:
        return
    # What a slot holds may be told wrong by less than what slots are rounded to: no place in the file follows from it.
    assert replace(found.geometry, slot_bytes=sound.geometry.slot_bytes) == sound.geometry
    assert found.core in (layout.CORE_NATIVE, layout.CORE_PURE)
    assert found.shape is None or len(found.shape) <= layout.MAX_DIMS


def test_geometry_is_stored_in_the_order_of_its_fields() -> None:
    sound = header()
    stored = [int.from_bytes(layout.pack(sound)[at : at + 8], "little") for at in range(32, 120, 8)]
    assert tuple(stored) == astuple(sound.geometry)[2:]
    assert [each.name for each in fields(layout.Geometry)][:4] == [
        "slots",
        "participants",
        "slot_bytes",
        "stride",
    ]


@pytest.mark.parametrize(("at", "value"), [("policy", 5), ("dtype", b"zz"), ("dtype", b"|O8")])
def test_what_no_depot_has_is_a_mismatch(at: str, value: int | bytes) -> None:
    g = layout.geometry(1, 2, 16)
    header = layout.Header(g, layout.CORE_PURE, 0, 0, 1, 2, 3, bytes(16), "|u1", (4, 4))
    good = layout.pack(header)
    assert layout.unpack(good, g.total) == header
    if isinstance(value, bytes):
        bad = good.replace(b"|u1\0\0\0\0\0", value.ljust(8, b"\0"), 1)
    else:
        bad = layout.pack(replace(header, policy=value))
    assert bad != good
    with pytest.raises(SegmentMismatch):
        layout.unpack(bad, g.total)
