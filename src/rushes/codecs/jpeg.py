"""JPEG from and to pixels, by simplejpeg (libjpeg-turbo).

It frees the interpreter lock, so threads are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg

from rushes.codecs import colour
from rushes.errors import ConfigError, CorruptImage, EncodeError, unknown_name
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["check_quality", "decode", "encode", "read_size"]

Packed = bytes | bytearray | memoryview | np.ndarray[Any, np.dtype[np.uint8]]

_ORDERS = {"bgr24": "BGR", "rgb24": "RGB", "bgra": "BGRA", "gray8": "GRAY"}
_SUBSAMPLINGS = ("420", "422", "444")


def encode(array: Pixels, format: str, quality: int = 90, *, subsampling: str = "420") -> bytes:
    """The bytes of a JPEG file showing ``array``, laid out as any ``format`` of :mod:`colour`.

    ``quality`` is 1 to 100. ``subsampling`` "444" keeps the colours of fine text;
    i420 has only "420" to give, and gray none. Raises ConfigError for these two, UnknownName for another
    format, FrameError or EncodeError for pixels that cannot be a JPEG (a side over 65500).
    """
    check_quality(quality)
    if subsampling not in _SUBSAMPLINGS:
        raise unknown_name("subsampling", subsampling, _SUBSAMPLINGS)
    try:
        if format == "i420":
            return _encode_planes(array, quality, subsampling)
        return _encode_pixels(array, format, quality, subsampling)
    except ConfigError:
        raise
    except ValueError as error:
        raise EncodeError(f"no JPEG can be made of {array.shape}: {error}", format="jpeg") from error


def check_quality(quality: object) -> None:
    """Returns for a whole number from 1 to 100; raises ConfigError for anything else."""
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise ConfigError(f"quality must be a whole number from 1 to 100, not {quality!r}", option="quality")


def _encode_planes(array: Pixels, quality: int, subsampling: str) -> bytes:
    if subsampling != "420":
        raise ConfigError(
            f'an i420 picture has only subsampling "420", not {subsampling!r}', option="subsampling"
        )
    # JPEG means full range; handing the limited planes over as they are would make black dark gray.
    y, u, v = colour.full_range_planes(array)
    return bytes(simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=quality, fastdct=True))


def _encode_pixels(array: Pixels, format: str, quality: int, subsampling: str) -> bytes:
    order = _ORDERS.get(format)
    if order is None:
        raise unknown_name("pixel format", format, colour.FORMATS)
    pixels = array if array.ndim == 3 else array[..., None]
    if pixels.strides[1:] != (pixels.shape[2], 1):
        pixels = np.ascontiguousarray(pixels)  # the encoder follows strides between rows, not within one
    sampling = "Gray" if format == "gray8" else subsampling
    return bytes(simplejpeg.encode_jpeg(pixels, quality, order, sampling, fastdct=True))


def read_size(data: Packed) -> tuple[int, int]:
    """(height, width) as the header says, without decoding; CorruptImage when there is no whole header."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        raise CorruptImage(f"no JPEG, or its header is broken: {error}", format="jpeg") from error
    return height, width


def decode(data: Packed, format: str = "bgr24", *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The picture in a JPEG file's bytes as a new array laid out as ``format``.

    The header is read first: a picture over ``max_pixels`` raises FrameError before any memory is taken for
    it. Bytes that are broken or cut off raise CorruptImage, never half a picture; i420 of an odd size
    FrameError; UnknownName stands for another format.
    """
    if format not in colour.FORMATS:
        raise unknown_name("pixel format", format, colour.FORMATS)
    height, width = read_size(data)
    check_pixels(height, width, limit=max_pixels)
    direct = format if format in _ORDERS else "bgr24"
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(data, _ORDERS[direct], fastdct=True, fastupsample=True)
    except ValueError as error:
        raise CorruptImage(f"broken or cut-off JPEG: {error}", format="jpeg") from error
    if direct == "gray8":
        pixels = pixels.reshape(height, width)
    return colour.convert(pixels, direct, format)
