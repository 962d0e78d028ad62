"""What ``send`` is given, made a frame and its meta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushes.errors import ConfigError
from rushes.frame import Frame, guess_format
from rushes.stream.encoding import Encoded
from rushes.stream.numbering import Place
from rushes.stream.options import check_name
from rushes.stream.wire_out import header_of
from rushes.wire.message import pack

__all__ = ["as_frame", "check_told", "whole_meta"]

# As large as they can be: a header that just fits here fits anywhere.
_ANYWHERE = Place(2**63 - 1, "x" * 512, 2**63 - 1)
_ANY = Encoded("jpeg", "bgr24", "u1", (1, 1, 3), b"0")


def whole_meta(frame: Frame, meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """The frame's own meta and what is added to it; ConfigError for what is no mapping."""
    if meta is None:
        return frame.meta
    if not isinstance(meta, Mapping):
        raise ConfigError(f"meta must be a mapping, not {type(meta).__name__}", option="meta")
    return {**frame.meta, **meta}


def as_frame(given: Any) -> Frame:
    """A frame as it is, an array as the picture it looks like; ConfigError for anything else."""
    if isinstance(given, Frame):
        return given
    shape, dtype = getattr(given, "shape", None), getattr(given, "dtype", None)
    if shape is None or dtype is None:
        raise ConfigError(f"send takes an array or a Frame, not {type(given).__name__}", option="frame")
    return Frame(given, format=guess_format(shape, dtype))


def check_told(frame: Frame, track: str, meta: dict[str, Any], name: str) -> None:
    """What is told of a frame and cannot travel is said at the call, and not by a thread that encodes: ConfigError."""
    check_name(frame.channel, "channel")
    check_name(track, "track")
    if meta or frame.figures:
        pack(header_of(frame, _ANYWHERE, meta, _ANY, name, False))
