"""What travels beside the pixels in a slot: metadata, channel, track, figures, as one small msgpack map.

A frame without any of these costs nothing: its extras are no bytes at all. msgpack and not JSON, so that
bytes and 64-bit numbers come back as they were; never pickle, since any process may have written the segment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rushes._native.layout import META_BYTES
from rushes.errors import FrameError, SegmentMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.figures import Figure

__all__ = ["Extras", "pack", "unpack"]


class Extras(NamedTuple):
    """The parts of a frame that are neither pixels nor numbers."""

    meta: dict[str, Any]
    channel: str
    track: str
    figures: tuple[Figure, ...]


def pack(
    meta: Mapping[str, Any] | None, channel: str = "", track: str = "", figures: tuple[Figure, ...] = ()
) -> bytes:
    """The extras' bytes, none when all are empty. Raises FrameError when they are too large or not plain
    data.
    """
    if not (meta or channel or track or figures):
        return b""
    import msgspec

    from rushes.figures import to_plain

    parts: dict[str, Any] = {
        "m": dict(meta or {}),
        "c": channel,
        "t": track,
        "f": [to_plain(each) for each in figures],
    }
    try:
        data = msgspec.msgpack.encode({key: value for key, value in parts.items() if value})
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FrameError(
            f"frame metadata must be plain data (numbers, text, bytes, lists, mappings): {error}"
        ) from error
    if len(data) > META_BYTES:
        raise FrameError(
            f"frame metadata and figures take {len(data)} bytes, a slot has room for {META_BYTES}: keep them small"
        )
    return data


def unpack(data: bytes) -> Extras:
    """Back from bytes. Raises SegmentMismatch when they are damaged."""
    if not data:
        return Extras({}, "", "", ())
    import msgspec

    from rushes.figures import from_plain

    try:
        parts = msgspec.msgpack.decode(data, type=dict[str, Any])
        figures = tuple(from_plain(each) for each in parts.get("f", ()))
        meta, channel, track = parts.get("m", {}), parts.get("c", ""), parts.get("t", "")
        if [type(part) for part in (meta, channel, track)] != [dict, str, str]:
            raise TypeError("a part of another type")
        return Extras(meta, channel, track, figures)
    except (ValueError, TypeError, RecursionError) as error:
        raise SegmentMismatch(f"a depot slot's metadata is damaged: {error}") from error
