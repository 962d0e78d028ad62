"""One participant's place in a segment: its descriptor, its row and its leases, from joining until the last
array is gone.

The seat outlives the ``Core`` that opened it: after a close it stays as long as arrays are out, so that
nobody can take their slots, and the last lease to end gives back the row, the proof of life, the descriptor
and the mappings.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from rushes._native import layout, ofd, pure_os, pure_ring, pure_rows
from rushes._native.pure_gate import Gate
from rushes._native.pure_tables import DIRTY, Tables
from rushes.clock import SYSTEM
from rushes.errors import ClosedError, DepotError, SegmentMismatch

if TYPE_CHECKING:
    from types import TracebackType

_LEASED = 8  # fault point, see core.FAULTS

_U16 = 0xFFFF


def read_header(fd: int) -> layout.Header:
    """Raises SegmentMismatch for anything but a finished segment."""
    return layout.unpack(os.pread(fd, layout.HEADER_BYTES, 0), os.fstat(fd).st_size)


class Seat:
    """Its row is this process's alone; in a forked child it is nobody's and changes nothing."""

    def __init__(self, fd: int, *, writable: bool, prefault: bool, name: str) -> None:
        header = read_header(fd)
        if header.core != layout.CORE_PURE:
            raise SegmentMismatch(
                "the depot was made by the compiled core, whose lock this one cannot take: install that one",
                expected="pure",
                found="native",
            )
        self.pid = os.getpid()
        self.fd = fd
        self.tables: Tables | None = Tables(fd, header, writable=writable, prefault=prefault)
        self.gate = Gate(fd)
        self.row, self.incarnation = -1, 0
        self.closed = False
        self._claims = 0  # leases, and arrays of reserved slots
        with Section(self, changing=True) as t:
            self.row, self.incarnation = pure_rows.join(t, fd, writable=writable, name=name)

    @property
    def ours(self) -> bool:
        """False in a forked child."""
        return self.tables is not None and self.pid == os.getpid()

    def check(self) -> Tables:
        """The tables. Raises ClosedError after close, and in a forked child, which has to attach anew."""
        tables = self.tables
        if self.closed or tables is None:
            raise ClosedError("the depot is closed")
        if self.pid != os.getpid():
            raise ClosedError("this handle belongs to the process that was forked: attach anew in the child")
        return tables

    def lease(self, t: Tables, slot: int) -> None:
        """Called inside a section."""
        if not t.leases[slot, self.row]:
            t.since[slot, self.row] = SYSTEM.monotonic_ns()
        elif t.leases[slot, self.row] == _U16:
            raise DepotError(f"{_U16} leases on one frame by one participant are the most there can be")
        t.leases[slot, self.row] += 1
        pure_os.passing(_LEASED)
        self._claims += 1

    def lend(self) -> None:
        """An array of a reserved slot goes out. Called inside a section."""
        self._claims += 1

    def unlend(self) -> None:
        """That array is gone; the last claim after a close ends the seat."""
        if self.ours:
            with Section(self, leaving=True) as t:
                self._give_up_claim(t)

    def _give_up_claim(self, t: Tables) -> None:
        self._claims -= 1
        if self.closed and not self._claims:
            self._end(t)

    def release(self, slot: int) -> None:
        """End one lease; the last one after a close ends the seat. Nothing in a forked child."""
        if not self.ours:
            return
        with Section(self, leaving=True) as t:
            if t.leases[slot, self.row]:
                t.leases[slot, self.row] -= 1
            t.raise_word(layout.ROOM)
            self._give_up_claim(t)

    def close(self) -> None:
        if not self.ours:
            return
        # Closed by another thread while we waited for the lock: then there is nothing left to do.
        with suppress(ClosedError), Section(self, changing=True, leaving=True) as t:
            if self.closed:
                return
            self.closed = True
            pure_rows.leave(t, self.fd, self.row)
            if not self._claims:
                self._end(t)

    def _end(self, t: Tables) -> None:
        pure_ring.free(t, pure_ring.reserved(t, self.row, self.incarnation))
        pure_rows.release_row(t, self.row)
        ofd.release(self.fd, pure_os.life_byte(t.geometry, self.row))
        self.tables = None
        self.gate.shut()

    def forked(self) -> None:
        """Only arrays that are out keep the mapping; they stay readable but protect nothing."""
        if self.tables is not None:
            self.tables = None
            self.gate.abandon()
        self.closed = True


class Section:
    """``with Section(seat) as t`` holds the lock; ``changing`` repairs the tables if the block breaks off."""

    __slots__ = ("_changing", "_leaving", "_seat", "_tables")

    def __init__(self, seat: Seat, *, changing: bool = False, leaving: bool = False) -> None:
        self._seat, self._changing, self._leaving = seat, changing, leaving

    def __enter__(self) -> Tables:
        seat = self._seat
        if not self._leaving:
            seat.check()
        seat.gate.__enter__()
        try:
            self._tables = self._begin()
        except BaseException:  # whatever it was, the lock must not stay behind
            seat.gate.__exit__(None, None, None)
            raise
        return self._tables

    def _begin(self) -> Tables:
        seat = self._seat
        tables = seat.tables
        if tables is None or (seat.closed and not self._leaving):  # by another thread, while we waited
            raise ClosedError("the depot is closed")
        if tables.word(DIRTY):
            tables.count("dead_lock_owners")
            pure_ring.repair(tables)
            tables.set_word(DIRTY, 0)
        if self._changing:
            tables.set_word(DIRTY, seat.row + 1 if seat.row >= 0 else tables.geometry.participants + 1)
        return tables

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._changing:
                if error is not None:
                    pure_ring.repair(self._tables)
                self._tables.set_word(DIRTY, 0)
        finally:
            self._seat.gate.__exit__(kind, error, trace)


def leases(t: Tables) -> list[tuple[int, int, int, int, int]]:
    """(sequence, slot, row, count, since) of every lease; sequence -1 where the frame was cleared."""
    slots, rows = np.nonzero(t.leases)
    sequences = np.where(pure_ring.in_state(t, layout.READY), pure_ring.sequences_of(t), -1)[slots]
    columns = (sequences, slots, rows, t.leases[slots, rows], t.since[slots, rows])
    return list(zip(*(column.tolist() for column in columns), strict=True))
