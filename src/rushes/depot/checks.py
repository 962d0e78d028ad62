"""What may enter a depot: shapes, dtypes, sizes (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushes._native.layout import MAX_DIMS
from rushes.errors import ConfigError, FrameError
from rushes.frame import FORMATS, check_array, guess_format

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Shapes", "native_dtype", "slot_size"]

_KINDS = "biufc"  # bool, signed, unsigned, float, complex: what every reader can map without Python objects
_REMEMBERED = 64


def native_dtype(dtype: object) -> np.dtype[Any]:
    """The dtype a depot can hold. Raises FrameError for objects, records, text and foreign byte order."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)  # type: ignore[call-overload]  # anything numpy takes
    except TypeError as error:
        raise ConfigError(f"dtype {dtype!r}: {error}") from error
    if found.kind not in _KINDS or not found.isnative or found.itemsize > 16:
        raise FrameError(
            f"a depot holds plain numbers in native byte order, not dtype {found}", dtype=str(found)
        )
    return found


def slot_size(shape: Sequence[int] | None, dtype: np.dtype[Any], slot_bytes: int | None) -> int:
    """Bytes of a slot. Raises ConfigError when neither shape nor slot_bytes is given, or the frame does not
    fit the slot.
    """
    if shape is None:
        if slot_bytes is None:
            raise ConfigError(
                "give the depot a frame shape= (and dtype=), or slot_bytes= for frames of different sizes"
            )
        return slot_bytes
    if not 1 <= len(shape) <= MAX_DIMS or any(side < 1 for side in shape):
        raise ConfigError(f"shape {tuple(shape)}: 1 to {MAX_DIMS} dimensions, each at least 1")
    need = dtype.itemsize
    for side in shape:
        need *= side
    if slot_bytes is not None and slot_bytes < need:
        raise ConfigError(
            f"slot_bytes={slot_bytes} is less than one frame of shape {tuple(shape)}, dtype {dtype}: {need} bytes"
        )
    return max(need, slot_bytes or 0)


class Shapes:
    """Says whether an array fits one depot, remembering the few kinds it has seen so that a put costs one
    look-up.
    """

    def __init__(self, shape: tuple[int, ...] | None, dtype: np.dtype[Any], slot_bytes: int) -> None:
        self.shape = shape
        self.dtype = dtype
        self.dtype_str = dtype.str  # numpy makes the text anew at each look
        self.slot_bytes = slot_bytes
        self._known: dict[tuple[tuple[int, ...], np.dtype[Any]], str] = {}

    def check(self, array: np.ndarray[Any, Any]) -> str:
        """The format to assume for a bare array. Raises FrameError when it does not fit the depot."""
        key = (array.shape, array.dtype)
        found = self._known.get(key)
        if found is None:
            found = self._examine(array)
            if len(self._known) < _REMEMBERED:
                self._known[key] = found
        return found

    def _examine(self, array: np.ndarray[Any, Any]) -> str:
        self.check_geometry(array.shape, native_dtype(array.dtype))
        return guess_format(array.shape, array.dtype)

    def check_geometry(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raises FrameError when a frame of this shape and dtype does not fit the depot."""
        if self.shape is not None and (shape != self.shape or dtype != self.dtype):
            raise FrameError(
                f"this depot holds frames of shape {self.shape}, dtype {self.dtype}; got {shape}, {dtype}",
                shape=shape,
                dtype=str(dtype),
            )
        if not 1 <= len(shape) <= MAX_DIMS:
            raise FrameError(
                f"a frame has 1 to {MAX_DIMS} dimensions, not {len(shape)}",
                shape=shape,
                dtype=str(dtype),
            )
        size = dtype.itemsize
        for side in shape:
            size *= side
        if not 0 < size <= self.slot_bytes:
            raise FrameError(
                f"a frame of shape {shape}, dtype {dtype} is {size} bytes; a slot holds 1 to {self.slot_bytes}",
                shape=shape,
                dtype=str(dtype),
            )

    def check_format(self, array: np.ndarray[Any, Any], format: str | None) -> str:
        """The named format after checking the array against it, or the guessed one for None."""
        if format is None:
            return self.check(array)
        self.check(array)
        if format in FORMATS:
            check_array(array, format)
        else:
            raise ConfigError(f"format {format!r} is none of {', '.join(FORMATS)}")
        return format
