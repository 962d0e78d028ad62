"""PyAV, the video library, named here once: where it is missing, the first use says what to install.

An ``except ImportError`` in each of the modules was rejected: one would be forgotten.
"""

from __future__ import annotations

from rushes.errors import MissingExtra

try:
    import av
    from av.codec.context import Flags
    from av.error import EOFError as NoData
    from av.error import FFmpegError, InvalidDataError
    from av.video.format import VideoFormat
    from av.video.frame import PictureType, VideoFrame
    from av.video.reformatter import ColorRange, Colorspace, Interpolation
except ModuleNotFoundError as error:
    raise MissingExtra(
        "moving pictures, and the fast scaler, need PyAV: pip install 'rushes[video]'",
        extra="video",
        name=error.name or "av",
    ) from error

__all__ = [
    "ColorRange",
    "Colorspace",
    "FFmpegError",
    "Flags",
    "Interpolation",
    "InvalidDataError",
    "NoData",
    "PictureType",
    "VideoFormat",
    "VideoFrame",
    "av",
]
