"""JPEG from and to pixels, by simplejpeg (libjpeg-turbo).

It frees the interpreter lock, so threads are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg

from rushes.codecs import colour, full_range
from rushes.errors import ConfigError, CorruptImage, EncodeError, FrameError, unknown_name
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["check_out", "check_quality", "decode", "decode_any", "encode", "read_size"]

Packed = bytes | bytearray | memoryview | np.ndarray[Any, np.dtype[np.uint8]]

_ORDERS = {"bgr24": "BGR", "rgb24": "RGB", "bgra": "BGRA", "gray8": "GRAY"}
_SUBSAMPLINGS = ("420", "422", "444")
_SCALES = (1, 2, 4, 8)


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
    y, u, v = full_range.planes(array)
    return bytes(simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=quality, fastdct=False))


def _encode_pixels(array: Pixels, format: str, quality: int, subsampling: str) -> bytes:
    order = _ORDERS.get(format)
    if order is None:
        raise unknown_name("pixel format", format, colour.FORMATS)
    pixels = array if array.ndim == 3 else array[..., None]
    height, width, channels = pixels.shape
    if pixels.strides[1:] != (channels, 1) or (height > 1 and pixels.strides[0] < width * channels):
        # The encoder follows strides between rows, but not upwards or from a row to itself, and none within one.
        pixels = np.ascontiguousarray(pixels)
    sampling = "Gray" if format == "gray8" else subsampling
    # The fast transform is not one here: the exact one takes the same time, its vectors are as wide.
    return bytes(simplejpeg.encode_jpeg(pixels, quality, order, sampling, fastdct=False))


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
    return decode_any(data, format, max_pixels=max_pixels)[0]


def decode_any(
    data: Packed,
    format: str = "bgr24",
    *,
    out: Pixels | None = None,
    scale: int = 1,
    exact: bool = False,
    partial: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Pixels, bool]:
    """As :func:`decode`, with all that can be asked for; (pixels, whether a part of the picture is missing).

    ``out``: a contiguous array of the right shape to fill. ``scale``: 1, 2, 4 or 8, how many times smaller; sides
    are rounded up. ``exact``: the slow inverse transform and smooth chroma, for a fifth more time. ``partial``:
    a picture that is cut off or damaged is given as far as it goes, and said to be so.
    """
    if format not in colour.FORMATS:
        raise unknown_name("pixel format", format, colour.FORMATS)
    if scale not in _SCALES:
        raise ConfigError(f"scale is {scale!r}; give {', '.join(map(str, _SCALES))}", option="scale")
    whole = read_size(data)
    # The whole picture counts, not the small one: the decoder keeps all of a progressive one in memory.
    check_pixels(*whole, limit=max_pixels)
    height, width = (-(-side // scale) for side in whole)
    direct = format if format in _ORDERS else "bgr24"
    shape = (height, width, len(_ORDERS[direct]) if direct != "gray8" else 1)
    inner = out if out is not None and direct == format else None
    if inner is not None:
        check_out(inner, shape)
        inner = inner.reshape(shape)
    elif out is not None:
        check_out(out, (height * 3 // 2, width))  # i420, the one that is made in a second step
    options: dict[str, Any] = {"fastdct": not exact, "fastupsample": not exact}
    if scale > 1:
        # The decoder takes the smallest scale that is still as large as asked for.
        options |= {"min_height": height, "min_width": width}
    pixels, cut = _decoded(data, _ORDERS[direct], inner, partial, options)
    if direct == "gray8":
        pixels = pixels.reshape(height, width)
    if inner is not None and out is not None:
        return out, cut
    made = colour.convert(pixels, direct, format)
    if out is None:
        return made, cut
    np.copyto(out.reshape(made.shape), made)
    return out, cut


def _decoded(
    data: Packed, order: str, out: Pixels | None, partial: bool, options: dict[str, Any]
) -> tuple[Pixels, bool]:
    try:
        return simplejpeg.decode_jpeg(data, order, buffer=out, **options), False
    except ValueError as error:
        if not partial:
            raise CorruptImage(f"broken or cut-off JPEG: {error}", format="jpeg") from error
    try:
        return simplejpeg.decode_jpeg(data, order, buffer=out, strict=False, **options), True
    except ValueError as error:
        raise CorruptImage(f"broken JPEG, nothing of it can be had: {error}", format="jpeg") from error


def check_out(out: Pixels, shape: tuple[int, ...]) -> None:
    """Returns for an array that a picture of ``shape`` can be put in; raises FrameError for any other."""
    fits = out.shape == shape or out.shape == (*shape, 1) or (*out.shape, 1) == shape
    if not fits or out.dtype != np.uint8 or not out.flags.c_contiguous or not out.flags.writeable:
        raise FrameError(
            f"out must be a writeable contiguous uint8 array of shape {shape}, not {out.dtype} {out.shape}",
            shape=tuple(out.shape),
        )
