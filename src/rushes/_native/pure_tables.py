"""A segment's mappings and its tables as numpy views.

The header and the tables are mapped for reading and writing by everyone, since readers count their leases
there. The payload is mapped a second time read-only, so that a reader's array cannot be written even through
its address, and a third time for writing only by those who may write.
"""

from __future__ import annotations

import errno
import mmap
import os
from typing import TYPE_CHECKING

import numpy as np

from rushes._native import layout
from rushes.errors import DepotError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIRTY = 1424  # u32: row + 1 of the participant that is changing several words under the lock, else 0

PARTICIPANT = np.dtype(
    {
        "names": ["state", "role", "incarnation", "pid", "start", "joined", "name"],
        "formats": ["<u4", "<u4", "<u8", "<u4", "<u8", "<u8", "S80"],
        "offsets": [0, 4, 8, 16, 24, 32, 40],
        "itemsize": layout.RECORD,
    }
)
CONSUMER = np.dtype(
    {
        "names": ["state", "flags", "owner", "incarnation", "start", "delivered", "acked", "seen", "name"],
        "formats": ["<u4", "<u4", "<u8", "<u8", "<i8", "<i8", "<i8", "<u8", "S72"],
        "offsets": [0, 4, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": layout.RECORD,
    }
)
SLOT = np.dtype(
    {
        "names": [
            *("tag", "number", "captured", "published", "nbytes", "owner", "incarnation"),
            *("dtype", "format", "ndim", "meta_len", "dims"),
        ],
        "formats": ["<u8", "<u8", "<i8", "<i8", "<u8", "<u8", "<u8", "S8", "S16", "<u4", "<u4", ("<u8", 4)],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 84, 88],
        "itemsize": layout.RECORD,
    }
)

# Linux' advice to fill the page tables now; the mmap module does not name them.
_POPULATE_READ, _POPULATE_WRITE = 22, 23


def _populate(area: mmap.mmap, advice: int) -> None:
    try:
        area.madvise(advice)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: a kernel before 5.14, where the first touch does it
            raise DepotError(f"the depot's memory cannot be had: {error.strerror}") from error


class Tables:
    """Every word of one segment, as views. Goes when the last view does: nothing here is closed by hand."""

    def __init__(self, fd: int, header: layout.Header, *, writable: bool, prefault: bool) -> None:
        g = header.geometry
        self.header = header
        self.geometry = g
        # A mapping keeps the opening it was made from, with its locks. Of ours it would carry the proof of
        # life into forked children for as long as an array lives there, so the mappings get one of their own.
        own = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC)
        try:
            area = mmap.mmap(own, g.payload_off)
            # The kernel's pages may be larger than the layout's: a mapping then begins before the payload.
            before = g.payload_off % mmap.ALLOCATIONGRANULARITY
            start, size = g.payload_off - before, g.total - g.payload_off + before
            self.readable = mmap.mmap(own, size, prot=mmap.PROT_READ, offset=start)
            self.writable = mmap.mmap(own, size, offset=start) if writable else None
        finally:
            os.close(own)
        if prefault:
            _populate(area, _POPULATE_WRITE)
            _populate(self.readable, _POPULATE_READ)
            if self.writable is not None:
                _populate(self.writable, _POPULATE_WRITE)
        self.readable_at = _address(self.readable) + before
        self.writable_at = 0 if self.writable is None else _address(self.writable) + before
        self._views(area, g)

    def _views(self, area: mmap.mmap, g: layout.Geometry) -> None:
        self.u32 = np.frombuffer(area, "<u4", layout.PAGE // 4)
        self.u64 = np.frombuffer(area, "<u8", layout.PAGE // 8)
        self.i64 = np.frombuffer(area, "<i8", layout.PAGE // 8)
        first = layout.COUNTERS // 8
        self.counters: NDArray[np.uint64] = self.u64[first : first + len(layout.COUNTER_NAMES)]
        self.rows = np.frombuffer(area, PARTICIPANT, g.participants, g.participants_off)
        self.consumers = np.frombuffer(area, CONSUMER, g.participants, g.consumers_off)
        self.slots = np.frombuffer(area, SLOT, g.slots, g.slots_off)
        self.tags: NDArray[np.uint64] = self.slots["tag"]
        self.numbers = np.frombuffer(area, "<u8", g.slots, g.numbers_off)
        row = layout.lease_row(g.participants) // 2
        leases = np.frombuffer(area, "<u2", g.slots * row, g.leases_off).reshape(g.slots, row)
        self.leases: NDArray[np.uint16] = leases[:, : g.participants]
        since = np.frombuffer(area, "<i8", g.slots * g.participants, g.since_off)
        self.since: NDArray[np.int64] = since.reshape(g.slots, g.participants)
        meta = np.frombuffer(area, "u1", g.slots * layout.META_BYTES, g.meta_off)
        self.meta: NDArray[np.uint8] = meta.reshape(g.slots, layout.META_BYTES)

    @property
    def head(self) -> int:
        return int(self.i64[layout.HEAD // 8])

    @head.setter
    def head(self, value: int) -> None:
        self.i64[layout.HEAD // 8] = value

    def word(self, offset: int) -> int:
        return int(self.u32[offset // 4])

    def set_word(self, offset: int, value: int) -> None:
        self.u32[offset // 4] = value

    def raise_word(self, offset: int) -> None:
        """Move a wait word on; it may wrap, nobody compares but for being different."""
        self.u32[offset // 4] = (self.word(offset) + 1) & 0xFFFF_FFFF

    def next_u64(self, offset: int) -> int:
        """Take the value of a counting word and move it on."""
        value = int(self.u64[offset // 8])
        self.u64[offset // 8] = value + 1
        return value

    def count(self, name: str, by: int = 1) -> None:
        at = _COUNTER[name]
        self.counters[at] = int(self.counters[at]) + by

    def counter(self, name: str) -> int:
        return int(self.counters[_COUNTER[name]])

    def set_counter(self, name: str, value: int) -> None:
        self.counters[_COUNTER[name]] = value


_COUNTER = {name: at for at, name in enumerate(layout.COUNTER_NAMES)}


def _address(area: mmap.mmap) -> int:
    at: int = np.frombuffer(area, np.uint8).__array_interface__["data"][0]
    return at


def cut(text: str, size: int) -> bytes:
    """The first ``size`` bytes of a name at most, without half a character at the end."""
    return text.encode()[:size].decode(errors="ignore").encode()
