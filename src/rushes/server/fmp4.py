"""Fragments of MP4 with one picture each, for players that take video in pieces (pure).

The file library hands a fragment out when the next one begins, which is one picture late; each is four boxes of
fixed form, so they are made here. What comes before the first, which is not so simple, is the library's.
"""

from __future__ import annotations

import itertools
import re
import struct
from typing import TYPE_CHECKING

from rushes.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["codec_name", "fragment", "nal_units"]

_START = re.compile(rb"\x00\x00\x01")
_SPS = 7
# Sequence and picture parameters and delimiters: they stand in the beginning, or say nothing.
_LEFT_OUT = frozenset({7, 8, 9})

_DATA_OFFSET, _DURATION, _SIZE, _FLAGS = 0x1, 0x100, 0x200, 0x400
_RUN = _DATA_OFFSET | _DURATION | _SIZE | _FLAGS
_BASE_IS_MOOF = 0x020000
_SYNC, _NOT_SYNC = 0x02000000, 0x01010000


def nal_units(data: bytes) -> Iterator[bytes]:
    """The units between start codes (ITU-T H.264, annex B)."""
    places = [found.start() for found in _START.finditer(data)]
    for begin, end in itertools.pairwise([*places, len(data)]):
        unit = data[begin + 3 : end].rstrip(b"\x00")
        if unit:
            yield unit


def codec_name(key_sample: bytes) -> str:
    """What browsers call the coding of a key frame with its headers, like "avc1.42c01f". EncodeError without them."""
    for unit in nal_units(key_sample):
        if unit[0] & 0x1F == _SPS and len(unit) >= 4:
            return f"avc1.{unit[1:4].hex()}"
    raise EncodeError("an H.264 key frame came without its parameters", format="h264")


def fragment(sequence: int, ticks: int, duration: int, sample: bytes, *, key: bool) -> bytes:
    """One picture, to be shown from ``ticks`` on for ``duration``, both in ticks of the track; ``sample``: Annex B."""
    body = b"".join(
        struct.pack(">I", len(unit)) + unit for unit in nal_units(sample) if unit[0] & 0x1F not in _LEFT_OUT
    )
    run = [duration, len(body), _SYNC if key else _NOT_SYNC]
    size = len(_moof(sequence, ticks, 0, run))
    return b"".join((_moof(sequence, ticks, size + 8, run), struct.pack(">I", len(body) + 8), b"mdat", body))


def _moof(sequence: int, ticks: int, offset: int, run: list[int]) -> bytes:
    header = _full(b"mfhd", 0, 0, struct.pack(">I", sequence))
    track = _full(b"tfhd", 0, _BASE_IS_MOOF, struct.pack(">I", 1))
    time = _full(b"tfdt", 1, 0, struct.pack(">Q", ticks))
    samples = _full(b"trun", 0, _RUN, struct.pack(">Ii3I", 1, offset, *run))
    return _box(b"moof", header + _box(b"traf", track + time + samples))


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _full(name: bytes, version: int, flags: int, content: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags) + content)
