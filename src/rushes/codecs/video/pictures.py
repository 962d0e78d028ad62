"""Decoded frames as pictures in our formats and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.codecs.video.library import Colorspace, VideoFormat
from rushes.codecs.video.media import Picture
from rushes.codecs.video.memory import THEIRS, unwrap
from rushes.codecs.video.scale import reshape_frame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["native_format", "to_picture"]

# The library's number of a matrix in a stream, and in its scaler. Unmarked (2) is read as BT.601, which is
# what i420 is defined to be here.
_MATRIX = {1: Colorspace.ITU709, 4: Colorspace.FCC, 7: Colorspace.SMPTE240M, 9: Colorspace.BT2020}
_FULL_RANGE = 2


def native_format(pixel_format: str | None, width: int, height: int) -> str:
    """The format of ours that pictures of this layout and size are given in.

    Gray stays "gray8"; red, green and blue become "bgr24", or "bgra" where there is a fourth byte; all else
    becomes "i420", or "bgr24" when a side is odd.
    """
    if pixel_format:
        layout = VideoFormat(pixel_format, width, height)
        if layout.is_rgb or layout.has_palette:
            packed = len(layout.components) == 4 or layout.name.strip("0") != layout.name
            return "bgra" if packed and not layout.has_palette else "bgr24"
        if len(layout.components) == 1:
            return "gray8"
    return "bgr24" if width % 2 or height % 2 else "i420"


def to_picture(frame: VideoFrame, corrupt: bool) -> Picture:
    """A fresh array of the frame's pixels with what is known about it."""
    theirs = frame.format.name
    format = native_format(theirs, frame.width, frame.height)
    if theirs != THEIRS[format] or (format == "i420" and _other_colours(frame)):
        frame = _converted(frame, format)
    time = None if frame.pts is None else float(frame.time)
    return Picture(unwrap(frame, format), format, time, bool(frame.key_frame), corrupt)


def _other_colours(frame: VideoFrame) -> bool:
    return frame.color_range == _FULL_RANGE or frame.colorspace in _MATRIX


def _converted(frame: VideoFrame, format: str) -> VideoFrame:
    name = frame.format.name
    full = (
        frame.color_range == _FULL_RANGE
        or name.startswith("yuvj")
        or frame.format.is_rgb
        or format == "gray8"
    )
    matrix = _MATRIX.get(frame.colorspace, Colorspace.ITU601)
    return reshape_frame(frame, format, full_range=full, matrix=matrix)
