"""One frame as it goes onto the wire: coded, or its own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from rushes.codecs import jpeg
from rushes.errors import FrameError
from rushes.wire.message import MAX_BYTES, MAX_DIMENSIONS, lay_out

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from rushes.frame import Frame

__all__ = ["Encoded", "check_frame", "fits_jpeg", "to_jpeg", "to_raw"]

_JPEG_SIDE = 65500
_PICTURES = ("bgr24", "rgb24", "bgra", "gray8", "i420")


class Encoded(NamedTuple):
    """``payload`` in ``codec``; ``format``, ``dtype`` and ``shape`` are those of the array that comes out again."""

    codec: Literal["jpeg", "raw", "h264"]
    format: str
    dtype: str
    shape: tuple[int, ...]
    payload: Buffer
    key: bool = True


def check_frame(frame: Frame) -> None:
    """Raises FrameError for a frame that no codec of the wire could carry; cheap, so that send can say it at once."""
    array = frame.array
    if frame.format == "jpeg":
        jpeg.read_size(array)
    elif array.nbytes > MAX_BYTES and not fits_jpeg(frame):
        raise FrameError(
            f"a frame of {array.nbytes} bytes is over the {MAX_BYTES} that one message may carry: scale it down",
            shape=array.shape,
        )
    if array.ndim > MAX_DIMENSIONS:
        raise FrameError(
            f"a frame of {array.ndim} dimensions cannot be sent: {MAX_DIMENSIONS} is the most",
            shape=array.shape,
        )
    if frame.format == "array" or not array.size:
        lay_out(array[:0] if array.ndim else array)


def to_jpeg(frame: Frame, quality: int) -> Encoded:
    """As a JPEG; what JPEG cannot hold (other types than uint8, no pixels at all) travels raw, and exactly.

    A frame that is a JPEG already goes as it is, and comes out as "bgr24".
    """
    if frame.format == "jpeg":
        height, width = jpeg.read_size(frame.array)
        return Encoded("jpeg", "bgr24", "u1", (height, width, 3), np.ascontiguousarray(frame.array).data)
    if not fits_jpeg(frame):
        return to_raw(frame)
    data = jpeg.encode(frame.array, frame.format, quality)
    return Encoded("jpeg", frame.format, "u1", frame.array.shape, data)


def to_raw(frame: Frame) -> Encoded:
    """The pixels themselves, without a copy where they lie in a row. JPEG frames stay coded: that is exact too."""
    if frame.format == "jpeg":
        return to_jpeg(frame, 0)
    dtype, shape, payload = lay_out(frame.array)
    return Encoded("raw", frame.format, dtype, shape, payload)


def fits_jpeg(frame: Frame) -> bool:
    """Whether it is made of pixels that a JPEG can hold."""
    array: Any = frame.array
    return (
        frame.format in _PICTURES
        and array.dtype == np.uint8
        and array.size > 0
        and max(array.shape) <= _JPEG_SIDE
    )
