"""The participant and consumer tables of the pure twin: functions on a segment's tables, called under its
lock only.

A row's state is free, live or leaving. Leaving means closed while arrays are still out: the leases count, but
the participant uses the depot no more. Every mark of ownership elsewhere carries the row's incarnation, a
number never given twice, so that a newcomer in a dead participant's row can never be taken for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from rushes._native import layout, ofd, pure_os, pure_ring
from rushes._native.pure_tables import Tables, cut
from rushes.clock import SYSTEM
from rushes.errors import DepotError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FREE, LIVE, LEAVING = 0, 1, 2

_JOINING, _RECLAIMING = 6, 7  # fault points, see core.FAULTS


def join(t: Tables, fd: int, *, writable: bool, name: str) -> tuple[int, int]:
    """(row, incarnation) of a new participant, whose proof of life ``fd`` now has."""
    row = _free_row(t, fd)
    if row < 0 and reclaim(t, fd, -1):
        row = _free_row(t, fd)
    if row < 0:
        raise DepotError(
            f"all {t.geometry.participants} participant rows of the depot are taken by living handles: "
            "close some, or create it with more participants"
        )
    pure_os.passing(_JOINING)
    incarnation = t.next_u64(layout.ATTACHED_EVER) + 1
    t.leases[:, row] = 0
    record = t.rows[row]
    record["role"] = layout.ROLE_RW if writable else 0
    record["incarnation"], record["pid"], record["start"] = incarnation, os.getpid(), pure_os.start_time()
    record["joined"], record["name"] = SYSTEM.wall_ns(), cut(name, 80)
    record["state"] = LIVE
    # Only now that the row counts: a death in between leaves a row whose reclaim says it again.
    if writable and t.word(layout.WRITER_DIED) == layout.WHO_COULD_WRITE:
        t.set_word(layout.WRITER_DIED, layout.NOBODY)
    return row, incarnation


def _free_row(t: Tables, fd: int) -> int:
    for row in np.flatnonzero(t.rows["state"] == FREE):
        # A free row's byte may still be locked: by a forked child that never dropped what it inherited.
        if ofd.try_take(fd, pure_os.life_byte(t.geometry, int(row))):
            return int(row)
    return -1


def alive(t: Tables, fd: int, row: int, own: int) -> bool:
    """True when the participant of the row lives; no lock is seen through the descriptor that has it."""
    return row == own or ofd.held_by_other(fd, pure_os.life_byte(t.geometry, row))


def dead(t: Tables, fd: int, own: int) -> list[int]:
    used = np.flatnonzero(t.rows["state"] != FREE).tolist()
    return [row for row in used if not alive(t, fd, row, own)]


def reclaim(t: Tables, fd: int, own: int) -> int:
    """Take back everything of the dead; returns how many they were."""
    gone = dead(t, fd, own)
    for row in gone:
        record = t.rows[row]
        slots = pure_ring.reserved(t, row, int(record["incarnation"]))
        t.count("reclaimed_slots", len(slots))
        pure_ring.free(t, slots)
        pure_os.passing(_RECLAIMING)
        t.count("reclaimed_leases", int(t.leases[:, row].sum()))
        _miss(t, row)
        release_row(t, row)
    return len(gone)


def _miss(t: Tables, dead: int) -> None:
    """Say whom readers wait for in vain from now on, before the row is free: a death here says it again."""
    record = t.rows[dead]
    if record["state"] != LIVE or not record["role"] & layout.ROLE_RW:
        return  # whoever was leaving had left in order: only its views were still out
    others = t.rows["role"][(t.rows["state"] == LIVE) & (np.arange(len(t.rows)) != dead)]
    if record["role"] & layout.ROLE_WRITER and not (others & layout.ROLE_WRITER).any():
        t.set_word(layout.WRITER_DIED, layout.WHO_WROTE)
    elif t.word(layout.WRITER_DIED) == layout.NOBODY and not (others & layout.ROLE_RW).any():
        t.set_word(layout.WRITER_DIED, layout.WHO_COULD_WRITE)


def release_row(t: Tables, row: int) -> None:
    """Free a row without reserved slots; the state goes last, so a death here leaves the row to reclaim."""
    t.leases[:, row] = 0
    close_consumers(t, row)
    t.rows["state"][row] = FREE
    t.raise_word(layout.ROOM)


def leave(t: Tables, fd: int, row: int) -> None:
    """Give up everything but leases, reserved slots and the row itself."""
    reclaim(t, fd, row)  # deaths before this one's leaving in order must not look as if they came after it
    close_consumers(t, row)
    t.rows["state"][row] = LEAVING


def mark_writer(t: Tables, row: int) -> None:
    if not t.rows["role"][row] & layout.ROLE_WRITER:
        t.rows["role"][row] |= layout.ROLE_WRITER
        t.set_word(layout.WRITER_DIED, layout.NOBODY)


def writer_gone(t: Tables) -> bool:
    return t.word(layout.WRITER_DIED) != layout.NOBODY


def participants(t: Tables, fd: int, own: int) -> list[tuple[int, int, int, int, int, str, bool]]:
    found = []
    for row in np.flatnonzero(t.rows["state"] != FREE).tolist():
        r = t.rows[row]
        who = (int(r["role"]), int(r["incarnation"]), int(r["pid"]), int(r["joined"]))
        found.append((row, *who, _text(r["name"]), alive(t, fd, row, own)))
    return found


def _text(raw: bytes) -> str:
    return bytes(raw).decode(errors="replace")


# -- consumers


def open_consumer(
    t: Tables, fd: int, owner: int, incarnation: int, name: str, lossless: bool, start: int
) -> int:
    free = np.flatnonzero(t.consumers["state"] == FREE)
    if not len(free) and reclaim(t, fd, owner):
        free = np.flatnonzero(t.consumers["state"] == FREE)
    if not len(free):
        raise DepotError(
            f"all {t.geometry.participants} consumer rows of the depot are taken: "
            "close some iterators, or create it with more participants"
        )
    row = int(free[0])
    record = t.consumers[row]
    record["flags"] = layout.CONSUMER_LOSSLESS if lossless else 0
    record["owner"], record["incarnation"] = owner, incarnation
    record["start"] = record["delivered"] = record["acked"] = start
    record["seen"], record["name"] = 0, cut(name, 72)
    record["state"] = LIVE
    return row


def has_consumer(t: Tables, row: int, owner: int, incarnation: int) -> bool:
    """True when the consumer is open and belongs to this participant."""
    return 0 <= row < t.geometry.participants and bool(_of(t, owner, incarnation)[row])


def _of(t: Tables, owner: int, incarnation: int) -> NDArray[np.bool_]:
    c = t.consumers
    mine: NDArray[np.bool_] = (c["state"] == LIVE) & (c["owner"] == owner) & (c["incarnation"] == incarnation)
    return mine


def seen(t: Tables, row: int, sequence: int) -> int:
    """Record a delivery; returns the number missed just before. Delivering a frame again counts nothing."""
    record = t.consumers[row]
    before = int(record["delivered"])
    if sequence <= before:
        return 0
    record["delivered"] = sequence
    record["seen"] += 1
    return sequence - before - 1


def acknowledge(t: Tables, row: int, sequence: int) -> None:
    record = t.consumers[row]
    if sequence > int(record["acked"]):
        record["acked"] = sequence
        t.raise_word(layout.ROOM)


def close_consumer(t: Tables, row: int) -> None:
    t.consumers["state"][row] = FREE
    t.raise_word(layout.ROOM)


def close_consumers(t: Tables, owner: int) -> None:
    """Close what the row's present or dead participant has open."""
    mine = _of(t, owner, int(t.rows["incarnation"][owner]))
    t.consumers["state"][mine] = FREE


def consumers(t: Tables) -> list[tuple[str, bool, int, int, int, int, int]]:
    found = []
    for c in t.consumers[t.consumers["state"] == LIVE]:
        lossless = bool(c["flags"] & layout.CONSUMER_LOSSLESS)
        where = (int(c["owner"]), int(c["start"]), int(c["delivered"]), int(c["acked"]), int(c["seen"]))
        found.append((_text(c["name"]), lossless, *where))
    return found
