"""Arrays as they travel raw: their bytes, and what the header says of them (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rushes.errors import BadMessage, ConfigError, FrameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes.wire.message import Message

__all__ = ["ITEM_SIZES", "MAX_DIMENSIONS", "Layout", "as_array", "lay_out"]

MAX_DIMENSIONS = 4
ITEM_SIZES = {"u1": 1, "u2": 2, "u4": 4, "i1": 1, "i2": 2, "i4": 4, "f2": 2, "f4": 4, "f8": 8, "bool": 1}
"""Bytes of one element by dtype, all of them little-endian. Nothing else is read: no objects, no records."""

_DTYPES = {name: np.dtype(name if name == "bool" else f"<{name}") for name in ITEM_SIZES}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


class Layout(NamedTuple):
    """An array for the wire: the header's ``dtype`` and ``shape``, and its bytes."""

    dtype: str
    shape: tuple[int, ...]
    payload: memoryview


def lay_out(array: NDArray[Any]) -> Layout:
    """The array's bytes in row order, little-endian. They are the array's own memory when they lie so already, and
    a copy otherwise.

    FrameError for more than 4 dimensions or a dtype that is not sent: objects, records, complex and 64-bit
    integers are not.
    """
    little = array.dtype.newbyteorder("<")
    name = _NAMES.get(little)
    if name is None or array.ndim > MAX_DIMENSIONS:
        raise FrameError(
            f"an array of {array.dtype} with {array.ndim} dimensions cannot be sent: convert it to one of"
            f" {', '.join(ITEM_SIZES)} with at most {MAX_DIMENSIONS} dimensions",
            shape=array.shape,
            dtype=str(array.dtype),
        )
    if not array.size:
        # A view with a side of 0 cannot be cast to bytes.
        return Layout(name, array.shape, memoryview(b""))
    # Not ascontiguousarray, which would turn an array without dimensions into one with one; flat first, because
    # neither such an array nor float16 can be cast to bytes by a memoryview.
    rows = np.asarray(array, dtype=little, order="C")
    return Layout(name, array.shape, rows.reshape(-1).view(np.uint8).data)


def as_array(message: Message) -> NDArray[Any]:
    """The raw pixels as a read-only array over the received bytes themselves, which it keeps alive.

    ConfigError for a message of another codec. BadMessage when a bool array holds bytes other than 0 and 1: numpy
    trusts those to be none, and counts past its memory otherwise.
    """
    header = message.header
    if header.codec != "raw":
        raise ConfigError(f"a {header.codec} message holds no raw pixels: decode it", option="codec")
    dtype = _DTYPES[header.dtype]
    payload = message.payload
    if header.dtype == "bool" and len(payload) and np.frombuffer(payload, np.uint8).max() > 1:
        raise BadMessage("a bool array holds bytes other than 0 and 1")
    array: NDArray[Any] = np.ndarray(header.shape, dtype, buffer=payload)
    return array
