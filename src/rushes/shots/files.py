"""How a picture reaches the disk: proved whole, fitted to the suffix, then there at once or not at all."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.codecs import jpeg
from rushes.errors import CorruptImage
from rushes.limits import check_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.frame import Frame
    from rushes.shots.request import Picture

__all__ = ["encoded", "kind_for", "kind_of", "readable", "verified", "write_new"]

_JPEG = (b"\xff\xd8\xff", b"\xff\xd9")
_READABLE = {".jpg": "jpeg", ".png": "png"}
_PNG = (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"\x00\x00\x00\x00IEND\xaeB`\x82")


def kind_of(data: bytes) -> str:
    """ "jpeg" or "png" for the bytes of a whole picture file; CorruptImage for anything less.

    Start, header and end are looked at. Decoding as well was rejected: it costs more than the rest of a shot
    and finds nothing more in a file that was only cut off.
    """
    if data.startswith(_JPEG[0]):
        # Some cameras fill up their last block with zeros.
        if not data.endswith(_JPEG[1]) and not data.rstrip(b"\0").endswith(_JPEG[1]):
            raise CorruptImage(f"the JPEG of {len(data)} bytes has no end: it was cut off", format="jpeg")
        check_pixels(*jpeg.read_size(data))
        return "jpeg"
    if data.startswith(_PNG[0]):
        if not data.endswith(_PNG[1]):
            raise CorruptImage(f"the PNG of {len(data)} bytes has no end: it was cut off", format="png")
        check_pixels(int.from_bytes(data[20:24]), int.from_bytes(data[16:20]))
        return "png"
    raise CorruptImage(f"{len(data)} bytes that begin {data[:4]!r} are neither JPEG nor PNG")


def verified(picture: Picture) -> Picture:
    """The picture when what came ready-made is whole: bytes, and frames that are JPEG already, which become
    bytes. CorruptImage otherwise.
    """
    content = picture.content
    if isinstance(content, bytes):
        kind_of(content)
        return picture
    if content.format != "jpeg":
        return picture
    data = content.array.tobytes()
    kind_of(data)
    return replace(picture, content=data)


def kind_for(suffix: str) -> str:
    """The suffix in its usual form for the kind of picture that it names; ".jpg" for one that names none."""
    from rushes.codecs.picture import suffixes

    usual = suffix.lower()
    return usual if usual in suffixes() and usual != ".jpeg" else ".jpg"


def readable(kind: str) -> bool:
    """Whether the bytes of a file of that kind can be made another kind again."""
    return kind in _READABLE


def encoded(picture: Picture, suffix: str, quality: int = 90) -> bytes:
    """The picture as a file of the kind that ``suffix`` names (JPEG for a suffix that names none).

    Bytes that are of this kind already stay as they are. Raises CorruptImage for bytes that cannot be read,
    FrameError for a frame that shows nothing.
    """
    from rushes.codecs.picture import encode

    wanted = kind_for(suffix)
    content = picture.content
    if isinstance(content, bytes):
        kind = kind_of(content)
        if kind == _READABLE.get(wanted):
            return content
        content = _frame(content, kind)
    return encode(content.array, content.format, wanted, quality)


def _frame(data: bytes, kind: str) -> Frame:
    from rushes.frame import Frame

    if kind == "jpeg":
        return Frame(data, format="jpeg")
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return Frame(np.array(image.convert("RGB")), format="rgb24")
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for broken chunks
        raise CorruptImage(f"broken PNG: {error}", format="png") from error


def write_new(path: Path, data: bytes, before_naming: Callable[[], object] = lambda: None) -> os.stat_result:
    """Makes the file with these bytes, whole at every instant that it is there; which file that is.

    Never over another one: FileExistsError. OSError when the disk refuses; then nothing is left behind, nor when
    ``before_naming()`` raises, which is called when all but the name is done. A process that is killed may leave
    ".….part" beside it. What power failure does to bytes that the disk has not taken yet is the file system's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            made = os.fstat(file.fileno())
        before_naming()
        _give_name(temporary, path)
    finally:
        with suppress(OSError):  # it never came to be, or the disk refuses this too; the first error tells
            os.unlink(temporary)
    return made


def _give_name(temporary: Path, path: Path) -> None:
    # A link rather than a rename, which would silently replace what another program put there meanwhile.
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network disks know no links; the moment between the look and the rename remains there.
        if path.exists():
            raise FileExistsError(f"{path} was made by somebody else meanwhile") from None
        os.rename(temporary, path)
