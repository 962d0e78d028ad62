"""The samples of one group of pictures as one short piece of bytes (pure).

::

    u8 version, u32 count, u32 how many have a number, i64 first t_ns, i64 first number, 3 letters: the widths
    differences of t_ns | differences of number | sizes | CRCs | which have a number, unless all or none do
    CRC-32 of all before

Everything is little-endian. Each column is as wide as its greatest value needs, which is hardly longer than
variable-length integers are, and is read by the interpreter's own C code: those, taken apart byte by byte in
Python, took longer than all the rest of a lookup.
"""

from __future__ import annotations

import struct
import zlib
from functools import partial
from itertools import accumulate, pairwise, repeat
from typing import TYPE_CHECKING

from rushes.archive.records import Sample
from rushes.errors import ArchiveCorrupt, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["pack", "unpack"]

_VERSION = 1
_HEAD = struct.Struct("<BIIqq3s")
_CRC = struct.Struct("<I")
_SIGNED = {"b": 1, "h": 2, "i": 4, "q": 8}
_UNSIGNED = {"B": 1, "H": 2, "I": 4, "Q": 8}
# Sample(...) itself takes three times as long, and there are some thirty in each group.
_TO_SAMPLE = partial(tuple.__new__, Sample)


def pack(samples: Sequence[Sample]) -> bytes:
    """The bytes of these samples; ConfigError for none at all, and for a value that does not fit."""
    if not samples:
        raise ConfigError("a group of pictures has at least one sample")
    times = [each.t_ns for each in samples]
    numbers = [each.number for each in samples if each.number is not None]
    sizes = [each.size for each in samples]
    try:
        steps, jumps = _differences(times), _differences(numbers)
        widths = _signed(steps) + _signed(jumps) + _unsigned(sizes)
        body = _HEAD.pack(
            _VERSION, len(samples), len(numbers), times[0], (numbers or [0])[0], widths.encode()
        )
        body += struct.pack(_layout(widths, len(samples), len(numbers)), *steps, *jumps, *sizes)
        body += struct.pack(f"<{len(samples)}I", *[each.crc for each in samples])
    except struct.error as error:
        raise ConfigError(f"a sample's time, number, size or CRC is out of range: {error}") from error
    if 0 < len(numbers) < len(samples):
        body += bytes(each.number is not None for each in samples)
    return body + _CRC.pack(zlib.crc32(body))


def unpack(data: bytes) -> tuple[Sample, ...]:
    """The samples again; ArchiveCorrupt for anything but what :func:`pack` has made."""
    if len(data) < _HEAD.size + _CRC.size:
        raise ArchiveCorrupt(f"a row of the index is cut off: {len(data)} bytes")
    version, count, numbered, t_ns, number, letters = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ArchiveCorrupt(f"a row of the index is of version {version}, not {_VERSION}")
    if _CRC.unpack_from(data, len(data) - _CRC.size)[0] != zlib.crc32(memoryview(data)[: -_CRC.size]):
        raise ArchiveCorrupt("a row of the index is not what was written")
    widths = letters.decode("latin-1")
    if widths[0] not in _SIGNED or widths[1] not in _SIGNED or widths[2] not in _UNSIGNED:
        raise ArchiveCorrupt(f"a row of the index has columns of unknown widths {widths!r}")
    mixed = 0 < numbered < count
    jumps = max(0, numbered - 1)
    length = (count - 1) * _SIGNED[widths[0]] + jumps * _SIGNED[widths[1]] + count * _UNSIGNED[widths[2]]
    length += 4 * count + count * mixed
    if not 0 <= numbered <= count or not count or len(data) != _HEAD.size + length + _CRC.size:
        raise ArchiveCorrupt("a row of the index contradicts itself")
    values = struct.unpack_from(_layout(widths, count, numbered) + f"{count}I", data, _HEAD.size)
    sizes = count - 1 + jumps
    times = accumulate(values[: count - 1], initial=t_ns)
    numbers: Iterable[int | None] = repeat(None)
    if numbered:
        numbers = accumulate(values[count - 1 : sizes], initial=number)
    if mixed:
        marks, there = data[-_CRC.size - count : -_CRC.size], iter(numbers)
        if marks.count(0) != count - numbered:
            raise ArchiveCorrupt("a row of the index contradicts itself")
        numbers = [next(there) if mark else None for mark in marks]
    rows = zip(times, numbers, values[sizes : sizes + count], values[sizes + count :], strict=False)
    return tuple(map(_TO_SAMPLE, rows))


def _layout(widths: str, count: int, numbered: int) -> str:
    return f"<{count - 1}{widths[0]}{max(0, numbered - 1)}{widths[1]}{count}{widths[2]}"


def _differences(values: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(values)]


def _signed(values: Sequence[int]) -> str:
    most = max((max(value, ~value) for value in values), default=0)
    return next((letter for letter, size in _SIGNED.items() if most < 1 << (8 * size - 1)), "q")


def _unsigned(values: Sequence[int]) -> str:
    return next((letter for letter, size in _UNSIGNED.items() if max(values) < 1 << (8 * size)), "Q")
