"""Rows of the index as records, and the columns they are made of (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.archive.packing import unpack
from rushes.archive.records import Found, Gop, Segment
from rushes.errors import ArchiveCorrupt

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GOP", "LATEST", "SEGMENT", "found", "limited", "segment"]

SEGMENT = (
    "s.id, c.name, s.start_ns, s.end_ns, s.path, s.bytes, s.codec, s.extradata, s.width, s.height, s.fps, "
    "s.state, s.cold"
)
"""Columns of a segment: the tables are called s (segment) and c (channel)."""

GOP = "g.offset, g.samples"
"""Columns of a group of pictures: the table is called g."""

LATEST = (1 << 63) - 1
"""The last moment that a row can have."""


def segment(row: Sequence[Any]) -> Segment:
    """The columns SEGMENT as a record."""
    return Segment(*row)


def found(row: Sequence[Any]) -> Found:
    """The columns GOP, the moment where others take its place (None: nowhere), and SEGMENT.

    Without the pictures at its end that are not before that moment; ArchiveCorrupt when the row is damaged.
    """
    offset, samples, cut_ns, *rest = row
    record = Segment(*rest)
    try:
        unpacked = unpack(samples)
    except ArchiveCorrupt as error:
        message = f"{error} ({record.path} at {offset})"
        raise ArchiveCorrupt(message, path=record.path, channel=record.channel) from error
    if cut_ns is not None:
        keep = len(unpacked)
        while keep > 1 and unpacked[keep - 1].t_ns >= cut_ns:
            keep -= 1
        unpacked = unpacked[:keep]
    return Found(Gop(offset, unpacked), record)


def limited(t_ns: int) -> int:
    """The moment, or the nearest that a row can have: people ask for any year there is."""
    return max(-LATEST, min(t_ns, LATEST))
