"""The pure twin of the compiled core: the same segment, the same promises, standard library and numpy only.

Python has no atomic operations, so every operation, taking and returning a lease included, runs under one
lock that the kernel drops when its owner dies; what the compiled core promises about stopped processes
therefore does not hold here: one stopped inside the lock stops all. Waiting is polling, with sleeps that grow
from 0.2 to 5 milliseconds; the wait words are still raised, for tools that watch them. Linux only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rushes._native import core, layout, ofd, pure_os, pure_ring, pure_rows, pure_seat
from rushes._native.pure_gate import soon
from rushes._native.pure_hold import Hold, item_size, writeable
from rushes._native.pure_seat import Seat, Section
from rushes.clock import SYSTEM
from rushes.errors import DepotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes._native.pure_tables import Tables

_Numbers = NDArray[np.uint64]
_Sequences = NDArray[np.int64]
_Chosen = NDArray[np.bool_] | slice

__all__ = ["Core", "initialise", "probe"]

_FIRST_SLEEP_S, _LAST_SLEEP_S, _LONGEST_SLICE_S = 0.0002, 0.005, 0.1


def initialise(fd: int) -> None:
    """Set the changing words of a fresh segment of zeros; the caller writes the header, its magic last."""
    pure_os.require()
    os.pwrite(fd, (-1).to_bytes(8, "little", signed=True), layout.HEAD)


def probe(fd: int) -> list[int]:
    """Rows of the depot's living users, without joining. Raises SegmentMismatch when it is no segment."""
    pure_os.require()
    g = pure_seat.read_header(fd).geometry
    table = os.pread(fd, g.participants * layout.RECORD, g.participants_off)
    states = [layout.PARTICIPANT.unpack_from(table, row * layout.RECORD)[0] for row in range(g.participants)]
    used = (row for row, state in enumerate(states) if state == pure_rows.LIVE)
    return [row for row in used if ofd.held_by_other(fd, pure_os.life_byte(g, row))]


class Core:
    """See ``core.Core`` for every method."""

    kind = "pure"

    def __init__(self, fd: int, writable: bool, prefault: bool, name: str) -> None:
        pure_os.require()
        try:
            self._seat = Seat(fd, writable=writable, prefault=prefault, name=name)
        except BaseException:  # whatever it was: the descriptor is ours, and nobody else would close it
            os.close(fd)
            raise
        self.row, self.incarnation = self._seat.row, self._seat.incarnation
        self._writable = writable

    def _reading(self) -> Section:
        return Section(self._seat)

    def _changing(self) -> Section:
        return Section(self._seat, changing=True)

    # -- writing

    def reserve(self, take: int, exact: int) -> tuple[int, int, int]:
        if not self._writable:
            raise DepotError("this handle only reads the depot: attach with mode 'rw' to write")
        seat = self._seat
        with self._changing() as t:
            pure_rows.mark_writer(t, seat.row)
            answer = pure_ring.take(t, take, exact, seat.row, seat.incarnation)
            if answer[0] != core.OK and pure_rows.reclaim(t, seat.fd, seat.row):
                answer = pure_ring.take(t, take, exact, seat.row, seat.incarnation)
            return answer

    def target(self, slot: int, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
        with self._reading() as t:
            self._check_reserved(t, slot)
            self._check_size(t, shape, dtype)
            return writeable(self._seat, t, slot, shape, dtype)

    def _check_reserved(self, t: Tables, slot: int) -> None:
        if not pure_ring.owned(t, slot, self._seat.row, self._seat.incarnation):
            raise DepotError(f"slot {slot} is not reserved here")

    @staticmethod
    def _check_size(t: Tables, shape: tuple[int, ...], dtype: str) -> int:
        nbytes = item_size(dtype)
        for side in shape:
            nbytes *= side
        if len(shape) > layout.MAX_DIMS or min(shape, default=0) < 0 or nbytes > t.geometry.slot_bytes:
            raise DepotError(
                f"shape {shape} of {dtype} does not fit: {layout.MAX_DIMS} dimensions and "
                f"{t.geometry.slot_bytes} bytes are the most here"
            )
        return nbytes

    def _content(
        self, t: Tables, number: int, at: int, dtype: str, shape: tuple[int, ...], format: str, meta: bytes
    ) -> pure_ring.Content:
        if len(meta) > layout.META_BYTES or len(format.encode()) > 16:
            raise DepotError(f"at most {layout.META_BYTES} bytes of metadata and 16 of format name fit")
        nbytes = self._check_size(t, shape, dtype)
        return pure_ring.Content(number, at, SYSTEM.wall_ns(), dtype, shape, nbytes, format, meta)

    def publish(
        self,
        slot: int,
        number: int,
        captured_ns: int,
        dtype: str,
        shape: tuple[int, ...],
        format: str,
        meta: bytes,
        sequence: int,
    ) -> tuple[int, int]:
        with self._changing() as t:
            self._check_reserved(t, slot)
            content = self._content(t, number, captured_ns, dtype, shape, format, meta)
            return pure_ring.publish(t, slot, content, sequence)

    def put(
        self, array: NDArray[np.generic], take: int, number: int, captured_ns: int, format: str, meta: bytes
    ) -> tuple[int, int, int, int]:
        said = (number, captured_ns, array.dtype.str, array.shape, format, meta)
        # Checked first: a frame that does not fit must not cost another one its slot.
        self._content(self._seat.check(), *said)
        status, slot, evicted = self.reserve(take, -1)
        if status != core.OK:
            return status, -1, -1, -1
        try:
            np.copyto(self.target(slot, array.shape, array.dtype.str), array)
            sequence, number = self.publish(slot, *said, -1)
        except BaseException:  # an interrupt too: nobody else would ever give the slot back
            self.abandon(slot)
            raise
        return core.OK, sequence, number, evicted

    def abandon(self, slot: int) -> None:
        with self._changing() as t:
            if pure_ring.owned(t, slot, self._seat.row, self._seat.incarnation):
                pure_ring.free(t, [slot])

    def drop(self, reason: int, number: int) -> int:
        with self._changing() as t:
            return pure_ring.drop(t, reason, number)

    # -- reading

    def _hold(self, choose: Callable[[_Numbers, _Sequences], _Chosen], which: int = 0) -> Hold | None:
        """A lease on one, by default the oldest, of the held frames that ``choose`` leaves."""
        with self._reading() as t:
            slots, sequences = pure_ring.ready(t)
            chosen = slots[choose(t.numbers[slots], sequences)]
            return Hold(self._seat, t, int(chosen[which])) if len(chosen) else None

    def newest(self) -> Hold | None:
        return self._hold(lambda numbers, sequences: slice(None), -1)

    def oldest(self) -> Hold | None:
        return self._hold(lambda numbers, sequences: slice(None))

    def get(self, number: int) -> Hold | None:
        return self._hold(lambda numbers, sequences: numbers == number, -1)

    def next(self, after: int) -> Hold | None:
        return self._hold(lambda numbers, sequences: sequences > after)

    def exact(self, sequence: int) -> Hold | None:
        return self._hold(lambda numbers, sequences: sequences == sequence)

    # -- waiting

    def _poll(self, moved: Callable[[Tables], bool], slice_s: float) -> bool:
        until = SYSTEM.monotonic_ns() + int(min(slice_s, _LONGEST_SLICE_S) * 1e9)
        pause = _FIRST_SLEEP_S
        while not moved(self._seat.check()):
            left = (until - SYSTEM.monotonic_ns()) / 1e9
            if left <= 0:
                return False
            SYSTEM.sleep(min(pause, left))
            pause = min(pause * 1.5, _LAST_SLEEP_S)
        return True

    def wait(self, after: int, slice_s: float) -> bool:
        # One aligned word is read without the lock: waiters that took it would stand in the writer's way.
        return self._poll(lambda t: t.head > after, slice_s)

    def next_within(self, after: int, floor: int, slice_s: float) -> Hold | None:
        return self.next(after) if self.wait(floor, slice_s) else None

    def wait_room(self, ticket: int, slice_s: float) -> bool:
        return self._poll(lambda t: t.word(layout.ROOM) != ticket, slice_s)

    def room_ticket(self) -> int:
        return self._seat.check().word(layout.ROOM)

    # -- consumers

    def consumer_open(self, name: str, lossless: bool, start: int) -> int:
        seat = self._seat
        with self._changing() as t:
            return pure_rows.open_consumer(t, seat.fd, seat.row, seat.incarnation, name, lossless, start)

    def _has_consumer(self, t: Tables, row: int) -> bool:
        return pure_rows.has_consumer(t, row, self._seat.row, self._seat.incarnation)

    def _check_consumer(self, t: Tables, row: int) -> None:
        if not self._has_consumer(t, row):
            raise DepotError(f"consumer {row} is not open here")

    def consumer_seen(self, row: int, sequence: int) -> int:
        with self._changing() as t:
            self._check_consumer(t, row)
            return pure_rows.seen(t, row, sequence)

    def consumer_ack(self, row: int, sequence: int) -> None:
        with self._changing() as t:
            self._check_consumer(t, row)
            pure_rows.acknowledge(t, row, sequence)

    def consumer_close(self, row: int) -> None:
        with self._changing() as t:
            if self._has_consumer(t, row):
                pure_rows.close_consumer(t, row)

    def consumers(self) -> list[tuple[str, bool, int, int, int, int, int]]:
        with self._reading() as t:
            return pure_rows.consumers(t)

    # -- the whole

    def head(self) -> int:
        with self._reading() as t:
            return t.head

    def held(self) -> int:
        return len(self.sequences())

    def counters(self) -> tuple[int, ...]:
        with self._reading() as t:
            return (len(pure_ring.ready(t)[0]), *t.counters.tolist())

    def sequences(self) -> list[int]:
        with self._reading() as t:
            found: list[int] = pure_ring.ready(t)[1].tolist()
            return found

    def clear(self) -> int:
        with self._changing() as t:
            return pure_ring.clear(t)

    def leases(self) -> list[tuple[int, int, int, int, int]]:
        with self._reading() as t:
            return pure_seat.leases(t)

    def participants(self) -> list[tuple[int, int, int, int, int, str, bool]]:
        with self._reading() as t:
            return pure_rows.participants(t, self._seat.fd, self._seat.row)

    def reclaim(self) -> int:
        with self._changing() as t:
            return pure_rows.reclaim(t, self._seat.fd, self._seat.row)

    def writer_gone(self) -> bool:
        with self._changing() as t:
            pure_rows.reclaim(t, self._seat.fd, self._seat.row)  # a death nobody has noticed yet counts too
            return pure_rows.writer_gone(t)

    def close(self) -> None:
        soon(self._seat.close)

    def forked(self) -> None:
        self._seat.forked()

    @property
    def fileno(self) -> int:
        return self._seat.fd

    def fault(self, point: int) -> None:
        pure_os.arm(point)
