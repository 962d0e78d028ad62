"""Pictures without loss: QOI where it must be fast, PNG where others are to read it.

PNG takes ten to thirty times as long as QOI, so it is for export alone.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
import qoi

from rushes.codecs import colour, sniff
from rushes.errors import CorruptImage, EncodeError, FrameError
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from PIL import Image

    from rushes.codecs.colour import Pixels

__all__ = ["decode_pillow", "decode_qoi", "encode_png", "encode_qoi"]

_QOI_HEADER, _QOI_END = 14, b"\x00" * 7 + b"\x01"
_QOI_RUN = 62
"""The most pixels that a byte can stand for."""


def encode_qoi(array: Pixels, format: str) -> bytes:
    """A QOI file of the picture, which is laid out as ``format``. bgra keeps its alpha, all else has none."""
    if format == "bgra":
        # QOI knows RGBA alone; swapped here, channel by channel.
        pixels = np.empty(array.shape, np.uint8)
        for ours, theirs in ((0, 2), (1, 1), (2, 0), (3, 3)):
            pixels[..., ours] = array[..., theirs]
    else:
        pixels = np.ascontiguousarray(colour.convert(array, format, "rgb24"))
    try:
        return bytes(qoi.encode(pixels))
    except (ValueError, RuntimeError) as error:
        raise EncodeError(f"no QOI can be made of {array.shape}: {error}", format="qoi") from error


def decode_qoi(data: bytes | memoryview, *, max_pixels: int = MAX_PIXELS) -> tuple[Pixels, str]:
    """(array, format): "rgb24", or "bgra" where there is alpha.

    FrameError for a size over ``max_pixels`` before memory is taken for it, CorruptImage for bytes that are
    broken or cut off.
    """
    height, width = sniff.size_of(data, "qoi")
    check_pixels(height, width, limit=max_pixels)
    # The decoder fills up what is missing without a word, so the end mark has to be looked for.
    if len(data) < _QOI_HEADER + len(_QOI_END) or bytes(data[-8:]) != _QOI_END:
        raise CorruptImage("this QOI is cut off or broken: its end mark is missing", format="qoi")
    # The decoder takes the memory first and then sees that nothing comes.
    if height * width > _QOI_RUN * (len(data) - _QOI_HEADER - len(_QOI_END)):
        raise CorruptImage(f"{len(data)} bytes cannot be a QOI of {width}x{height}", format="qoi")
    try:
        pixels = qoi.decode(bytes(data))
    except (ValueError, RuntimeError) as error:
        raise CorruptImage(f"broken QOI: {error}", format="qoi") from error
    if pixels.shape[2] == 3:
        return pixels, "rgb24"
    swapped = np.empty(pixels.shape, np.uint8)
    for ours, theirs in ((0, 2), (1, 1), (2, 0), (3, 3)):
        swapped[..., ours] = pixels[..., theirs]
    return swapped, "bgra"


def encode_png(array: Pixels, format: str, *, level: int = 1) -> bytes:
    """A PNG file of the picture; ``level`` 0 to 9 trades time for room."""
    from PIL import Image

    packed = io.BytesIO()
    if format == "gray8":
        image = Image.fromarray(np.ascontiguousarray(array.reshape(array.shape[:2])))
    elif format == "bgra":
        pixels = np.ascontiguousarray(array)
        image = Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "BGRA", 0, 1)
    else:
        image = Image.fromarray(np.ascontiguousarray(colour.convert(array, format, "rgb24")))
    try:
        image.save(packed, "PNG", compress_level=level)
    except (ValueError, OSError) as error:
        raise EncodeError(f"no PNG can be made of {array.shape}: {error}", format="png") from error
    return packed.getvalue()


def decode_pillow(data: bytes | memoryview, kind: str, *, max_pixels: int = MAX_PIXELS) -> tuple[Pixels, str]:
    """(array, format) of a PNG, GIF (its first picture), BMP or WebP: "gray8", "rgb24" or "bgra".

    Gray of 16 bits keeps its upper eight. Raises as :func:`decode_qoi` does.
    """
    from PIL import Image

    check_pixels(*sniff.size_of(data, kind), limit=max_pixels)
    Image.init()
    # Not Image.open: it warns of, or refuses, what is over a limit of its own that is one for the whole process.
    read, _ = Image.OPEN[kind.upper()]
    try:
        with read(io.BytesIO(bytes(data)), b"") as image:
            check_pixels(image.height, image.width, limit=max_pixels)
            image.load()
            return _pixels_of(image)
    except Image.DecompressionBombError as error:  # WebP asks for the limit on its own
        raise FrameError(f"this {kind} is too large: {error}", format=kind) from error
    except FrameError:
        raise
    except _BROKEN as error:
        raise CorruptImage(f"broken or cut-off {kind}: {error}", format=kind) from error


# All that Pillow's readers raise for bytes that make no sense.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, struct.error)


def _pixels_of(image: Image.Image) -> tuple[Pixels, str]:
    if image.mode.startswith("I"):
        # Converting would cut everything over 255 to white.
        return (np.asarray(image) >> 8).astype(np.uint8), "gray8"
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if alpha:
        rgba = image.convert("RGBA")
        array = np.frombuffer(rgba.tobytes("raw", "BGRA"), np.uint8)
        return array.reshape(rgba.height, rgba.width, 4).copy(), "bgra"
    if image.mode == "L":
        return np.asarray(image).copy(), "gray8"
    return np.asarray(image.convert("RGB")).copy(), "rgb24"
