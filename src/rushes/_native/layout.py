"""Where each byte of a depot segment lies (pure).

Both cores, compiled and pure, use this one layout, so that tools can read any segment without joining it; a
test compares these numbers with those of the C++ structs. Everything is little-endian and of fixed width;
words that different processes write at once lie on cache lines (64 bytes) of their own.

    header page | participants | consumers | slots | numbers | leases | since | metadata | payload

The header's first part never changes after creation and carries the magic, which is written last: a segment
without it was never finished. The offsets are stored *and* recomputed on attach, so a truncated or foreign
file cannot send anyone to a wrong address.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, fields

from rushes.errors import ConfigError, SegmentMismatch

MAGIC = 0x5452_4F50_4544_5552  # "RUDEPORT" read as little-endian text
VERSION = 1
WORD_CHECK = 0x0102_0304
PAGE = 4096

CORE_NATIVE, CORE_PURE = 1, 2
FLAG_PERSISTENT, FLAG_ANONYMOUS, FLAG_SPILL, FLAG_LAZY = 1, 2, 4, 8

FREE, WRITING, READY, PROBING = 0, 1, 2, 3  # the low two bits of a slot's tag; the rest is its sequence

MAX_SLOTS, MAX_PARTICIPANTS, MAX_DIMS = 16384, 1024, 4
META_BYTES = 2048
POLICIES = 5  # codes of the full-policies, named in depot/policy.py
DTYPE = re.compile(
    r"[|<][biufc](1|2|4|8|16)"
)  # numpy's short text for plain numbers in this machine's byte order
PATH_BYTES = 512

# The part of the header that never changes. Q u64, q i64, I u32.
_FIXED = struct.Struct("<QIIIIIIQQ QQQQQQQQQ IIqQ 16s 8s I I 4Q I I 512s")

# Offsets in the header page of the words that do change.
HEAD = 1024  # i64, last published sequence, -1 before the first
NEXT_NUMBER = 1032  # u64, next number for frames that carry none
WAKE = 1088  # u32 futex word, raised at each publication
WAKE_WAITERS = 1092
ROOM = 1152  # u32 futex word, raised when a slot may have become free
ROOM_WAITERS = 1156
MUTEX = 1216  # pthread_mutex_t, 40 bytes (compiled core only)
COUNTERS = 1280  # u64 each, in the order of COUNTER_NAMES
WRITER_DIED = 1408  # u32: who was killed so that nobody is left to write, one of the next line
NOBODY, WHO_WROTE, WHO_COULD_WRITE = 0, 1, 2
ATTACHED_EVER = 1416  # u64: source of incarnations

COUNTER_NAMES = (
    "offered",
    "stored",
    "evicted",
    "cleared",
    "spilled",
    "dropped_full",
    "dropped_leased",
    "dropped_no_consumer",
    "dropped_timeout",
    "reclaimed_leases",
    "reclaimed_slots",
    "dead_lock_owners",
)
DROP_REASONS = ("full", "leased", "no consumer", "timeout")  # index into the dropped_* counters

# Participant row: state u32 (0 free, 1 live), role u32 (bit 0 rw, bit 1 has written), incarnation u64, pid
# u32, pad, process start time u64, joined_ns u64, name.
PARTICIPANT = struct.Struct("<IIQIIQQ 80s 8x")
ROLE_RW, ROLE_WRITER = 1, 2

# Consumer row: state u32 (0 free, 1 live), flags u32 (bit 0 lossless), owner row u64, owner incarnation u64,
# start i64, last delivered i64, acknowledged i64, seen u64, name.
CONSUMER = struct.Struct("<IIQQqqqQ 72s")
CONSUMER_LOSSLESS = 1

# Slot: tag u64, number u64, captured_ns i64, published_ns i64, nbytes u64, owner row u64, owner incarnation
# u64, dtype, format, ndim u32, meta_len u32, dims.
SLOT = struct.Struct("<QQqqQQQ 8s 16s II 4Q 8x")
RECORD = 128  # each of the three records fills two cache lines


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes and offsets, in bytes, of one segment; all follow from the first three fields."""

    slots: int
    participants: int
    slot_bytes: int
    stride: int
    participants_off: int
    consumers_off: int
    slots_off: int
    numbers_off: int
    leases_off: int
    since_off: int
    meta_off: int
    payload_off: int
    total: int


def _up(value: int, to: int) -> int:
    return -(-value // to) * to


def geometry(slots: int, participants: int, slot_bytes: int) -> Geometry:
    """Lay a segment out. Raises ConfigError when a number is out of bounds."""
    for name, value, top in (
        ("slots", slots, MAX_SLOTS),
        ("participants", participants, MAX_PARTICIPANTS),
        ("slot_bytes", slot_bytes, 1 << 40),
    ):
        if not 1 <= value <= top:
            raise ConfigError(f"{name} must be from 1 to {top}, not {value}")
    stride = _up(slot_bytes, PAGE)
    sizes = (
        participants * RECORD,
        participants * RECORD,
        slots * RECORD,
        slots * 8,
        slots * lease_row(participants),
        slots * participants * 8,
        slots * META_BYTES,
    )
    offsets = [PAGE]
    for size in sizes:
        offsets.append(_up(offsets[-1] + size, 64))
    offsets[-1] = _up(offsets[-1], PAGE)
    places = [*offsets, offsets[-1] + slots * stride]
    return Geometry(slots, participants, slot_bytes, stride, *places)


def lease_row(participants: int) -> int:
    """Bytes of one slot's row of u16 lease counters: whole cache lines, so that rows never share one."""
    return _up(participants * 2, 64)


@dataclass(frozen=True, slots=True)
class Header:
    """The unchanging part of a segment's header."""

    geometry: Geometry
    core: int
    flags: int
    policy: int
    creator_pid: int
    created_ns: int
    creator_start: int
    uuid: bytes
    dtype: str
    shape: tuple[int, ...] | None
    spill_path: str = ""


def pack(header: Header, *, finished: bool = True) -> bytes:
    """The header's bytes; with ``finished=False`` the magic is left out, for a segment still being made."""
    g = header.geometry
    shape = header.shape or ()
    return _FIXED.pack(
        MAGIC if finished else 0,
        VERSION,
        WORD_CHECK,
        header.core,
        header.flags,
        g.slots,
        g.participants,
        g.slot_bytes,
        g.stride,
        *(getattr(g, f.name) for f in fields(g)[4:]),
        header.policy,
        header.creator_pid,
        header.created_ns,
        header.creator_start,
        header.uuid,
        header.dtype.encode(),
        0 if header.shape is None else 1,
        len(shape),
        *(shape + (0,) * (MAX_DIMS - len(shape))),
        META_BYTES,
        0,
        header.spill_path.encode(),
    )


HEADER_BYTES = _FIXED.size


def unpack(data: bytes, file_size: int) -> Header:
    """Read and check a header. Raises SegmentMismatch naming what is wrong: not ours, unfinished, other
    version, cut short.
    """
    if len(data) < HEADER_BYTES:
        raise SegmentMismatch(f"not a depot segment: {len(data)} bytes are less than a header")
    v = _FIXED.unpack(data[:HEADER_BYTES])
    if v[0] != MAGIC:
        raise SegmentMismatch("not a depot segment, or one whose creation was never finished (no magic)")
    if v[1] != VERSION or v[2] != WORD_CHECK:
        raise SegmentMismatch(f"depot layout version {v[1]} here, {VERSION} expected: recreate the depot")
    try:
        g = geometry(v[5], v[6], v[7])
    except ConfigError as error:
        raise SegmentMismatch(f"damaged depot header: {error}") from error
    stored_geometry = (v[8], *v[9:18])
    if (g.stride, *(getattr(g, f.name) for f in fields(g)[4:])) != stored_geometry or v[30] != META_BYTES:
        raise SegmentMismatch("damaged depot header: its offsets do not follow from its sizes")
    if file_size != g.total:
        raise SegmentMismatch(
            f"depot segment is {file_size} bytes, its header says {g.total}: cut short or foreign"
        )
    if v[3] not in (CORE_NATIVE, CORE_PURE) or v[18] not in range(POLICIES) or v[25] > MAX_DIMS:
        raise SegmentMismatch("damaged depot header: unknown core, policy or shape")
    try:
        dtype, spill = (v[k].rstrip(b"\0").decode() for k in (23, 32))
    except UnicodeDecodeError as error:
        raise SegmentMismatch("damaged depot header: unreadable text") from error
    if not DTYPE.fullmatch(dtype):
        raise SegmentMismatch(f"damaged depot header: no depot holds dtype {dtype!r}")
    shape = tuple(v[26 : 26 + v[25]]) if v[24] else None
    return Header(g, v[3], v[4], v[18], v[19], v[20], v[21], v[22], dtype, shape, spill)
