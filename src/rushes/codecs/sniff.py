"""What kind of picture some bytes are, and how large it is, before anything is decoded (pure).

Sources: the specifications of JPEG (ITU T.81, annex B), PNG (ISO 15948), QOI (version 1.0), GIF89a, BMP and the
WebP container (RFC 9649). A file's name says nothing: pictures are often named for what they once were.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rushes.errors import CorruptImage, UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["KINDS", "kind_of", "size_of"]

_PNG = b"\x89PNG\r\n\x1a\n"
KINDS = ("jpeg", "png", "qoi", "gif", "bmp", "webp")


def kind_of(data: bytes | memoryview) -> str:
    """One of :data:`KINDS`. UnsupportedFormat for anything else; CorruptImage for nothing at all."""
    head = bytes(data[:16])
    if not head:
        raise CorruptImage("there is no picture in 0 bytes", format="")
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head.startswith(b"qoif"):
        return "qoi"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"BM"):
        return "bmp"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    raise UnsupportedFormat(
        f"these bytes begin like no picture of {', '.join(KINDS)}: {head[:8]!r}", format=""
    )


def size_of(data: bytes | memoryview, kind: str) -> tuple[int, int]:
    """(height, width) as the header says. CorruptImage when the header is cut off or makes no sense."""
    try:
        height, width = _SIZES[kind](bytes(data) if kind in ("jpeg", "gif") else bytes(data[:64]))
    except (struct.error, IndexError) as error:
        raise CorruptImage(f"the header of this {kind} is cut off", format=kind) from error
    return height, width


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise CorruptImage("the header of this jpeg makes no sense", format="jpeg")
        # Frame headers are C0 to CF but for the tables DHT, JPG and DAC among them.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        if marker == 0xD9 or marker == 0xDA:
            raise CorruptImage("this jpeg has no frame header", format="jpeg")
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + max(2, length)


def _png(data: bytes) -> tuple[int, int]:
    if len(data) > 16 and data[12:16] != b"IHDR":
        raise CorruptImage("this png does not begin with its header", format="png")
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _qoi(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 4)
    return height, width


def _gif(data: bytes) -> tuple[int, int]:
    """The screen's size, or the first picture's where that reaches over the edge: decoders enlarge the screen."""
    width, height = struct.unpack_from("<HH", data, 6)
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while data[at] == 0x21:
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    if data[at] != 0x2C:
        raise CorruptImage("there is no picture in this gif", format="gif")
    left, top, across, down = struct.unpack_from("<HHHH", data, at + 1)
    return max(height, top + down), max(width, left + across)


def _bmp(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:  # the header of OS/2, with 16 bits a side
        width, height = struct.unpack_from("<HH", data, 18)
        return height, width
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(height), width


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = struct.unpack_from("<HH", data, 26)
        width, height = width & 0x3FFF, height & 0x3FFF
    return height, width


_SIZES: Mapping[str, Callable[[bytes], tuple[int, int]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "qoi": _qoi,
    "gif": _gif,
    "bmp": _bmp,
    "webp": _webp,
}
