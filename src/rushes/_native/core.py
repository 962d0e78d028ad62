"""What a depot's core promises: the seam between the front (``Depot``) and the two implementations.

A core is one participant's view of one segment: it has joined, owns a row of the participant table and holds
the byte-range lock that proves it alive. The compiled core (``rushes._native._core.Core``) and the pure twin
(``rushes._native.pure.Core``) both fill this protocol, and one conformance suite runs over both. All methods
may be called from any thread. Nothing here blocks but ``wait`` and ``wait_room``, and they only for the slice
they are given.

Why the protocol speaks in slots and tuples and not in frames: shape checks, policies, callbacks, spill and
typed errors are the front's; the core knows bytes, tags and leases, which keeps it small enough to
model-check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How ``reserve`` and ``put`` may find room when no slot is free.
TAKE_OLDEST, TAKE_ACKED, TAKE_FREE, TAKE_EXACT = 0, 1, 2, 3

# Status of a reservation. 1.. are indices into layout.DROP_REASONS plus one.
OK, FULL, LEASED, NO_CONSUMER = 0, 1, 2, 3


class Hold(Protocol):
    """One lease. It ends when it and every array made from it are gone: there is no early release under a
    live view.
    """

    sequence: int
    number: int
    captured_ns: int
    published_ns: int
    nbytes: int
    dtype: str  # numpy's dtype.str, such as "|u1"
    shape: tuple[int, ...]
    format: str

    def array(self) -> NDArray[np.generic]:
        """A read-only array over the slot's bytes, which keeps this lease alive; in memory that is mapped
        read-only.
        """

    def meta(self) -> bytes:
        """The frame's metadata bytes (a copy)."""

    @property
    def live(self) -> bool:
        """False in a forked child, whose copy of a lease claims nothing."""


class Core(Protocol):
    """One participant of one segment."""

    kind: str  # "native" or "pure"
    row: int
    incarnation: int

    # -- writing. A reserved slot belongs to the caller until publish or abandon.
    def reserve(self, take: int, exact: int) -> tuple[int, int, int]:
        """(status, slot, evicted sequence or -1). One attempt, never waits.

        Free slots come first, the most recently used one of them, but for TAKE_EXACT, which means that one
        frame. Else by ``take``: TAKE_OLDEST the oldest frame without lease; TAKE_ACKED the oldest one
        acknowledged by every lossless consumer (NO_CONSUMER without any such consumer); TAKE_FREE none;
        TAKE_EXACT the frame with sequence ``exact``, counted as spilled instead of evicted. FULL: no frame
        may go; LEASED: frames might go but every one is under a lease. Before failing, the dead are reclaimed
        once. Marks this participant as a writer.
        """

    def target(self, slot: int, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
        """A writeable array over a reserved slot's first bytes."""

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
        """Make a reserved slot's content the newest frame: (sequence, number).

        ``number`` -1 takes the depot's own next number. ``sequence`` -1 gives the next one; a value >= 0
        (spill segments only) publishes under that sequence, or abandons the slot and returns it when the
        segment has that sequence already; DepotError in any other segment. Wakes waiters.
        """

    def put(
        self, array: NDArray[np.generic], take: int, number: int, captured_ns: int, format: str, meta: bytes
    ) -> tuple[int, int, int, int]:
        """reserve + copy + publish in one call, without the interpreter lock during the copy: (status,
        sequence, number, evicted).

        ``array`` is C-contiguous. Counts nothing when the status is not OK: the front decides whether to wait
        on.
        """

    def abandon(self, slot: int) -> None:
        """Give a reserved slot back as free; nothing was offered."""

    def drop(self, reason: int, number: int) -> int:
        """Count one offered frame as dropped (index into DROP_REASONS); returns its number (-1 takes the next
        one).
        """

    # -- reading. Each returns None when there is no such frame.
    def newest(self) -> Hold | None: ...
    def oldest(self) -> Hold | None: ...
    def get(self, number: int) -> Hold | None:
        """The newest frame that carries ``number``."""

    def next(self, after: int) -> Hold | None:
        """The frame with the smallest sequence above ``after``; never skips one that is still held."""

    def exact(self, sequence: int) -> Hold | None: ...

    # -- waiting: False at the end of the slice (seconds, at most 0.1); returns early when its word moved.
    def wait(self, after: int, slice_s: float) -> bool:
        """True when a frame newer than ``after`` is published."""

    def next_within(self, after: int, floor: int, slice_s: float) -> Hold | None:
        """Wait for a frame newer than ``floor``, then ``next(after)``; None at the end of the slice.

        One call instead of two, because what a woken reader still has to run is part of the wake-up time.
        """

    def wait_room(self, ticket: int, slice_s: float) -> bool:
        """True when room may have appeared since ``ticket = room_ticket()``."""

    def room_ticket(self) -> int: ...

    # -- consumers: rows that count, and when lossless protect, what one reader has still to see.
    def consumer_open(self, name: str, lossless: bool, start: int) -> int:
        """Row of a new consumer that has seen all up to ``start``. Raises DepotError when the table is full."""

    def consumer_seen(self, row: int, sequence: int) -> int:
        """Record a delivery; returns how many frames were missed just before it."""

    def consumer_ack(self, row: int, sequence: int) -> None:
        """Acknowledge everything up to ``sequence``; never goes back. Wakes writers that wait for room."""

    def consumer_close(self, row: int) -> None:
        """Free the row, if it is open and this participant's; else nothing."""

    def consumers(self) -> list[tuple[str, bool, int, int, int, int, int]]:
        """(name, lossless, participant row, start, last delivered, acknowledged, seen) of each living
        consumer.
        """

    # -- the whole
    def head(self) -> int:
        """Last published sequence, -1 before the first."""

    def held(self) -> int:
        """Number of frames held now."""

    def counters(self) -> tuple[int, ...]:
        """(held, *layout.COUNTER_NAMES), read in one consistent moment."""

    def sequences(self) -> list[int]:
        """Sequences of the frames held now, rising."""

    def clear(self) -> int:
        """Forget all frames; slots under a lease become free when it ends. Returns how many went."""

    def leases(self) -> list[tuple[int, int, int, int, int]]:
        """(sequence, slot, participant row, count, since monotonic_ns) of every lease; sequence -1 when its
        frame was cleared.
        """

    def participants(self) -> list[tuple[int, int, int, int, int, str, bool]]:
        """(row, role, incarnation, pid, joined wall ns, name, alive) of every row in use."""

    def reclaim(self) -> int:
        """Take back what dead participants left: leases, half-written slots, consumers, rows. Returns how
        many participants.
        """

    def writer_gone(self) -> bool:
        """True when the last living participant that has written was killed, or the last one attached for
        writing before it wrote, until another writes or, in the second case, attaches for writing.
        """

    def close(self) -> None:
        """Leave: consumers go at once; the mapping, the row and reserved slots stay until the last array and
        Hold are gone, since whoever has an array of a reserved slot may still write through it. Idempotent.
        """

    def forked(self) -> None:
        """In a forked child: drop every claim without touching shared state. The parent keeps all of it."""

    @property
    def fileno(self) -> int:
        """The segment's descriptor; it belongs to the core."""

    def fault(self, point: int) -> None:
        """Arm a fault point: the process kills itself (SIGKILL) when it passes it next. For tests; see
        FAULTS.
        """


# Fault points inside the critical sections, in the order of their numbers (1 is the first).
FAULTS = (
    "probing",  # a victim's tag says PROBING, its leases are not yet read
    "owned",  # owner mark written, tag still PROBING
    "writing",  # tag says WRITING, mutex still held
    "tagged",  # publish: tag says READY, head and next sequence not yet raised
    "headed",  # publish: head raised, counters not yet
    "joining",  # attach: row chosen and lock byte held, state not yet live
    "reclaiming",  # reclaim: a dead row's slots are freed, its leases not yet wiped
    "leased",  # reader: own counter raised, tag not yet re-read
)


class Module(Protocol):
    """What a core's module offers besides the class."""

    def initialise(self, fd: int) -> None:
        """Set the changing words of a fresh, zeroed segment whose header (without magic) is already written."""

    def Core(self, fd: int, writable: bool, prefault: bool, name: str) -> Core:
        """Join the segment behind ``fd`` (checked by the caller; the core owns the descriptor from now on).

        The file description must be this participant's own: its byte-range lock is the proof of life. Raises
        DepotError when every participant row is taken by the living.
        """

    def probe(self, fd: int) -> list[int]:
        """Rows of the depot's users, without joining: marked live, and somebody holds their lock. Leaving
        rows are none.
        """
