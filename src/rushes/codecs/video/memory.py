"""Arrays seen as the library's frames, and its frames as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushes.codecs.colour import planes
from rushes.codecs.video.library import VideoFrame

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["THEIRS", "padded", "shape_of", "take", "unwrap", "wrap"]

THEIRS = {"bgr24": "bgr24", "rgb24": "rgb24", "bgra": "bgra", "gray8": "gray", "i420": "yuv420p"}
"""Our name of each pixel format, and the library's."""

_CHANNELS = {"bgr24": (3,), "rgb24": (3,), "bgra": (4,), "gray8": ()}


def shape_of(format: str, height: int, width: int) -> tuple[int, ...]:
    """The shape of the array that holds a picture of this size."""
    return (height * 3 // 2, width) if format == "i420" else (height, width, *_CHANNELS[format])


def padded(array: Pixels, height: int, width: int) -> Pixels:
    """The picture of that size with even sides, which coders want; itself when they are."""
    if height % 2 == 0 and width % 2 == 0:
        return array
    # By the edge: black would shine through at the rim, and cost bytes.
    sides = ((0, height % 2), (0, width % 2), *((0, 0),) * (array.ndim - 2))
    return np.pad(array, sides, mode="edge")


def wrap(array: Pixels, format: str) -> VideoFrame:
    """A frame over the array's own memory: keep the array unchanged while the frame is in use.

    Never ``from_ndarray``: that one copies, and holds the interpreter's lock while it does. Only what the
    library cannot wrap is copied: rows that are not contiguous, and i420 whose height is no multiple of four,
    of which the library computes the height wrongly.
    """
    if format == "gray8" and array.ndim == 3:
        array = array.reshape(array.shape[:2])
    if format == "i420":
        if array.shape[0] % 6:
            return _copied_planes(array)
        return VideoFrame.from_numpy_buffer(np.ascontiguousarray(array), "yuv420p")
    inner = (array.shape[2], 1) if array.ndim == 3 else (1,)
    if array.strides[1:] != inner or array.strides[0] <= 0:
        array = np.ascontiguousarray(array)
    return VideoFrame.from_numpy_buffer(array, THEIRS[format])


def unwrap(frame: VideoFrame, format: str, out: Pixels | None = None) -> Pixels:
    """A contiguous copy of the frame's pixels, laid out as ``format``; into ``out`` when it is given."""
    made: Pixels = np.empty(shape_of(format, frame.height, frame.width), np.uint8) if out is None else out
    targets = planes(made) if format == "i420" else (made.reshape(frame.height, -1),)
    for target, plane in zip(targets, _rows(frame), strict=True):
        np.copyto(target, plane[:, : target.shape[1]])
    return made


def take(frame: VideoFrame, format: str) -> Pixels:
    """The pixels of a frame that nobody else will use: its own memory where the rows lie without gaps.

    A second array of the same size would cost more than its copying: after both are freed the system takes
    the memory back, and giving it out again page by page takes longer than the conversion itself.
    """
    shape = shape_of(format, frame.height, frame.width)
    if format == "i420" or frame.planes[0].line_size != frame.width * (shape[2] if len(shape) == 3 else 1):
        return unwrap(frame, format)
    return np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(shape)


def _copied_planes(array: Pixels) -> VideoFrame:
    source = planes(np.ascontiguousarray(array))
    frame = VideoFrame(array.shape[1], array.shape[0] // 3 * 2, "yuv420p")
    for target, plane in zip(_rows(frame), source, strict=True):
        np.copyto(target[:, : plane.shape[1]], plane)
    return frame


def _rows(frame: VideoFrame) -> list[Pixels]:
    """Each plane as rows of bytes, padding at their ends included."""
    return [np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size) for plane in frame.planes]
