"""Making one file of each picture in a spool."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.capture.recorder.spool import DATA, INDEX, RECORD_BYTES, Spool
from rushes.errors import CorruptImage, unknown_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["SUFFIXES", "picture_name", "unpack"]

_LOG = logging.getLogger(__name__)

SUFFIXES = {"jpeg": ".jpg", "qoi": ".qoi", "png": ".png"}


def picture_name(number: int, kind: str) -> str:
    """What the file of that picture is called."""
    return f"{number:08d}{SUFFIXES[kind]}"


def unpack(
    folder: str | os.PathLike[str], kind: str, *, progress: Callable[[int, int], object] | None = None
) -> int:
    """Turns the folder's spool into files named by their numbers, ``00000000.jpg``; their bytes together.

    ``kind``: "jpeg" or "qoi" as it was recorded, or "png", made of QOI. From the last picture to the first,
    each cut off the spool once its file is whole, so that no more room is taken than the spool has, and a
    death at any instant loses nothing: call it again. ``progress(done, all)`` is called after each picture.
    A picture that is damaged, or whose record in the index is, is left out. Raises FileNotFoundError where there is
    no spool, CorruptImage when there are records but none that can be read, OSError when the disk is full: the
    rest stays in the spool.
    """
    if kind not in SUFFIXES:
        raise unknown_name("kind of picture", kind, SUFFIXES)
    place = Path(folder)
    spool = Spool.open(place)
    total, written = len(spool), 0
    if spool.damaged:
        if not total:
            raise CorruptImage(f"all {spool.damaged} records in the index of {place} are damaged")
        _LOG.warning("%s: %d records of the index are damaged", place, spool.damaged)
    (place / INDEX).touch()  # missing where a death came between the last two steps below
    with open(place / DATA, "r+b") as data, open(place / INDEX, "r+b") as index:
        for done, entry in enumerate(reversed(spool.entries), start=1):
            picture = spool.read(data.fileno(), entry)
            if picture is not None:
                written += _write(place / picture_name(entry.number, kind), _as(kind, picture))
            # The index first: an entry without its bytes would be a lie, bytes without an entry are only room.
            index.truncate(entry.place * RECORD_BYTES)
            data.truncate(entry.offset)
            if progress is not None:
                progress(done, total)
        # Without this the torn beginning of a first picture would outlive its index, and be nobody's.
        data.truncate(0)
    (place / INDEX).unlink()
    (place / DATA).unlink()
    return written


def _as(kind: str, picture: bytes) -> bytes:
    if kind != "png":
        return picture
    from rushes.codecs.lossless import decode_qoi, encode_png

    return encode_png(*decode_qoi(picture))


def _write(path: Path, picture: bytes) -> int:
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(picture)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return len(picture)
