"""One growing file of pictures and a binary index beside it, readable after a crash."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rushes.errors import CorruptImage
from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DATA", "INDEX", "RECORD_BYTES", "Entry", "Spool", "SpoolWriter", "parse_index"]

DATA, INDEX = "frames.spool", "frames.index"
_FIELDS = struct.Struct("<QQQqI")
_CRC = struct.Struct("<I")
RECORD_BYTES = _FIELDS.size + _CRC.size


class Entry(NamedTuple):
    """Where a picture lies and what it is; ``crc`` is that of its bytes, ``place`` that of its record."""

    offset: int
    length: int
    number: int
    captured_ns: int
    crc: int
    place: int


def parse_index(data: bytes) -> list[Entry]:
    """The entries, without a torn last one and without those that were damaged since (pure)."""
    entries = []
    for place in range(len(data) // RECORD_BYTES):
        at = place * RECORD_BYTES
        body = data[at : at + _FIELDS.size]
        # One that is damaged says nothing of those behind it: all records are of one size.
        if zlib.crc32(body) == _CRC.unpack_from(data, at + _FIELDS.size)[0]:
            entries.append(Entry._make((*_FIELDS.unpack(body), place)))
    return entries


class SpoolWriter(Closeable):
    """Appends pictures to a new spool. FileExistsError when the folder holds one. One thread at a time."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        place = Path(folder)
        self._data = open(place / DATA, "xb", buffering=0)  # noqa: SIM115 - closed by _close
        try:
            self._index = open(place / INDEX, "xb", buffering=0)  # noqa: SIM115 - closed by _close
        except OSError:
            self._data.close()
            (place / DATA).unlink()
            raise
        self._end = 0
        self.count = 0

    @property
    def size(self) -> int:
        """The bytes of both files."""
        return self._end + self.count * RECORD_BYTES

    def append(self, picture: bytes, number: int, captured_ns: int) -> None:
        """The picture, then its entry: an entry is only ever of a whole picture. OSError when the disk is full."""
        _write_all(self._data.fileno(), picture, self._end)
        body = _FIELDS.pack(self._end, len(picture), number, captured_ns, zlib.crc32(picture))
        _write_all(self._index.fileno(), body + _CRC.pack(zlib.crc32(body)), self.count * RECORD_BYTES)
        self._end += len(picture)
        self.count += 1

    def _close(self) -> None:
        self._data.close()
        self._index.close()


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    # Writing at a known place: after a write that a full disk cut short, the next one covers the torn piece.
    rest = memoryview(data)
    while rest:
        count = os.pwrite(descriptor, rest, at)
        rest, at = rest[count:], at + count


class Spool:
    """A spool's whole pictures, in the order written; iterating gives each entry and its bytes.

    A torn end, as a death or a full disk leaves it, is left out, and so is a picture that was damaged since, or
    whose record in the index was: ``damaged`` counts these records.
    """

    def __init__(self, folder: Path, entries: list[Entry], damaged: int = 0) -> None:
        self.folder, self.entries, self.damaged = folder, entries, damaged

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Spool:
        """What can be read of the spool in the folder. FileNotFoundError when there is none."""
        place = Path(folder)
        size = (place / DATA).stat().st_size
        # No index beside an empty file is no loss: a death came when the spool was begun, or was all unpacked.
        begun = size > 0 or (place / INDEX).exists()
        index = (place / INDEX).read_bytes() if begun else b""
        entries = parse_index(index)
        damaged = len(index) // RECORD_BYTES - len(entries)
        return cls(place, [entry for entry in entries if entry.offset + entry.length <= size], damaged)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[tuple[Entry, bytes]]:
        with open(self.folder / DATA, "rb") as data:
            for entry in self.entries:
                picture = self.read(data.fileno(), entry)
                if picture is not None:
                    yield entry, picture

    def load(self, entry: Entry) -> bytes:
        """One picture's bytes. CorruptImage when they were damaged since."""
        with open(self.folder / DATA, "rb") as data:
            picture = self.read(data.fileno(), entry)
        if picture is None:
            raise CorruptImage(f"picture {entry.number} of {self.folder} is damaged", format="")
        return picture

    @staticmethod
    def read(descriptor: int, entry: Entry) -> bytes | None:
        """The picture's bytes; None when they are damaged."""
        picture = os.pread(descriptor, entry.length, entry.offset)
        return picture if zlib.crc32(picture) == entry.crc else None
