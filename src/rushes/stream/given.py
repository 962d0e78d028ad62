"""What ``send`` is given, made a frame and its meta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushes.errors import ConfigError
from rushes.frame import Frame, guess_format

__all__ = ["as_frame", "whole_meta"]


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
