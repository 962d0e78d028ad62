"""Slot choice, publication and repair of the pure twin: functions on a segment's tables, called under its
lock only.

The words are written in an order from which ``repair`` can tell, after a death at any point between two
writes, what had happened: a frame exists exactly when its tag says READY, and the counters follow from the
tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rushes._native import core, layout, pure_os
from rushes.errors import DepotError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from rushes._native.pure_tables import Tables

_PROBING, _OWNED, _WRITING, _TAGGED, _HEADED = 1, 2, 3, 4, 5  # fault points, see core.FAULTS

_DROPPED = ("dropped_full", "dropped_leased", "dropped_no_consumer", "dropped_timeout")


@dataclass(frozen=True, slots=True)
class Content:
    """What a publication says about its frame; ``number`` -1 stands for the depot's own next one."""

    number: int
    captured_ns: int
    published_ns: int
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    format: str
    meta: bytes


def sequences_of(t: Tables) -> NDArray[np.int64]:
    return (t.tags >> np.uint64(2)).astype(np.int64)


def in_state(t: Tables, state: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (t.tags & np.uint64(3)) == state
    return found


def _tag(t: Tables, slot: int, sequence: int, state: int) -> None:
    t.tags[slot] = sequence << 2 | state


def ready(t: Tables) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Slots and sequences of the frames held, oldest first."""
    slots = np.flatnonzero(in_state(t, layout.READY))
    found = sequences_of(t)[slots]
    order = np.argsort(found)
    return slots[order], found[order]


def leased(t: Tables, slot: int) -> bool:
    return bool(t.leases[slot].any())


def take(t: Tables, how: int, exact: int, row: int, incarnation: int) -> tuple[int, int, int]:
    """(status, slot, evicted sequence) of one attempt to reserve a slot for the participant of ``row``."""
    free = np.flatnonzero(in_state(t, layout.FREE)) if how != core.TAKE_EXACT else np.empty(0, np.intp)
    # A free slot keeps the sequence it had: the highest is the one used last, and likeliest to be in a cache.
    for slot in free[np.argsort(-sequences_of(t)[free], kind="stable")]:
        if leased(t, slot):  # its frame was cleared under a reader
            continue
        _own(t, slot, row, incarnation)
        _write(t, slot)
        return core.OK, int(slot), -1
    status, victims = _victims(t, how, exact)
    for slot, sequence in victims:
        if _probe(t, slot, sequence):
            _own(t, slot, row, incarnation)
            pure_os.passing(_OWNED)
            _write(t, slot)
            t.count("spilled" if how == core.TAKE_EXACT else "evicted")
            return core.OK, slot, sequence
        status = core.LEASED
    return status, -1, -1


def _victims(t: Tables, how: int, exact: int) -> tuple[int, Iterable[tuple[int, int]]]:
    """(status if none of them can go, frames that may go with the one to go first in front)."""
    if how == core.TAKE_FREE:
        return core.FULL, ()
    slots, found = ready(t)
    if how == core.TAKE_ACKED:
        live = t.consumers[t.consumers["state"] == 1]
        lossless = live[(live["flags"] & layout.CONSUMER_LOSSLESS) != 0]
        if not len(lossless):
            return core.NO_CONSUMER, ()
        chosen = found <= int(lossless["acked"].min())
    elif how == core.TAKE_EXACT:
        chosen = found == exact
    elif how == core.TAKE_OLDEST:
        chosen = np.ones(len(found), bool)
    else:
        raise DepotError(f"no way to take a slot has the number {how}")
    return core.FULL, zip(slots[chosen].tolist(), found[chosen].tolist(), strict=True)


def _probe(t: Tables, slot: int, sequence: int) -> bool:
    _tag(t, slot, sequence, layout.PROBING)
    pure_os.passing(_PROBING)
    if leased(t, slot):
        _tag(t, slot, sequence, layout.READY)
        return False
    return True


def _own(t: Tables, slot: int, row: int, incarnation: int) -> None:
    t.slots["owner"][slot] = row
    t.slots["incarnation"][slot] = incarnation


def _write(t: Tables, slot: int) -> None:
    # The sequence of the next frame marks how recent the slot is, in case it is given back.
    _tag(t, slot, t.head + 1, layout.WRITING)
    pure_os.passing(_WRITING)


def owned(t: Tables, slot: int, row: int, incarnation: int) -> bool:
    """True when the slot is reserved by just this participant."""
    if not 0 <= slot < t.geometry.slots or int(t.tags[slot]) & 3 != layout.WRITING:
        return False
    record = t.slots[slot]
    return int(record["owner"]) == row and int(record["incarnation"]) == incarnation


def free(t: Tables, slots: NDArray[np.intp] | list[int]) -> None:
    """Make slots free; a wait for room may end."""
    t.tags[slots] &= np.uint64(~3 & 0xFFFF_FFFF_FFFF_FFFF)
    t.raise_word(layout.ROOM)


def reserved(t: Tables, row: int, incarnation: int) -> NDArray[np.intp]:
    """The slots a participant has reserved."""
    mine = (t.slots["owner"] == row) & (t.slots["incarnation"] == incarnation)
    return np.flatnonzero(in_state(t, layout.WRITING) & mine)


def publish(t: Tables, slot: int, content: Content, sequence: int) -> tuple[int, int]:
    """(sequence, number) of what the reserved slot now holds."""
    if sequence >= 0:
        if not t.header.flags & layout.FLAG_SPILL:
            raise DepotError("only a depot that spills publishes under a given sequence")
        there = np.flatnonzero(in_state(t, layout.READY) & (sequences_of(t) == sequence))
        if len(there):
            free(t, [slot])
            return sequence, content.number
    here = t.head + 1 if sequence < 0 else sequence
    number = t.next_u64(layout.NEXT_NUMBER) if content.number < 0 else content.number
    _describe(t, slot, content, number)
    _tag(t, slot, here, layout.READY)
    pure_os.passing(_TAGGED)
    t.head = max(t.head, here)
    pure_os.passing(_HEADED)
    t.count("stored")
    t.count("offered")
    t.raise_word(layout.WAKE)
    return here, number


def _describe(t: Tables, slot: int, content: Content, number: int) -> None:
    record = t.slots[slot]
    record["number"] = t.numbers[slot] = number
    record["captured"], record["published"] = content.captured_ns, content.published_ns
    record["nbytes"], record["dtype"], record["format"] = content.nbytes, content.dtype, content.format
    record["ndim"], record["meta_len"] = len(content.shape), len(content.meta)
    record["dims"] = content.shape + (0,) * (layout.MAX_DIMS - len(content.shape))
    t.meta[slot, : len(content.meta)] = np.frombuffer(content.meta, np.uint8)


def drop(t: Tables, reason: int, number: int) -> int:
    """Count an offered frame as dropped; returns its number."""
    if not 0 <= reason < len(_DROPPED):
        raise DepotError(f"no reason to drop has the number {reason}")
    if number < 0:
        number = t.next_u64(layout.NEXT_NUMBER)
    t.count(_DROPPED[reason])
    t.count("offered")
    return number


def clear(t: Tables) -> int:
    """Forget all frames; those under a lease keep their slot until it ends, see ``take``."""
    slots = np.flatnonzero(in_state(t, layout.READY))
    free(t, slots)
    t.count("cleared", len(slots))
    return len(slots)


def repair(t: Tables) -> None:
    """Make the tables whole after an operation that did not come to its end.

    A victim that was being looked at is a frame again; a frame whose tag was set is published; the counters
    are made to agree with the tags. A frame that went just before its counter was raised counts as evicted,
    even if it had been cleared or spilled: which one it was died with the process.
    """
    t.tags[in_state(t, layout.PROBING)] ^= np.uint64(layout.PROBING ^ layout.READY)
    _, found = ready(t)
    if len(found):
        t.head = max(t.head, int(found[-1]))
    _free_orphans(t)
    spilling = bool(t.header.flags & layout.FLAG_SPILL)
    stored, evicted = t.counter("stored"), t.counter("evicted")
    if not spilling:
        stored = t.head + 1
    rest = stored - len(found) - t.counter("spilled") - t.counter("cleared")
    if spilling and rest < evicted:  # a publication was not counted yet
        stored, rest = stored + evicted - rest, evicted
    t.set_counter("stored", stored)
    t.set_counter("evicted", max(rest, 0))
    t.set_counter("offered", stored + sum(t.counter(name) for name in _DROPPED))
    t.raise_word(layout.WAKE)
    t.raise_word(layout.ROOM)


def _free_orphans(t: Tables) -> None:
    """Free reserved slots whose owner's row is free or has another incarnation: nobody else would."""
    slots = np.flatnonzero(in_state(t, layout.WRITING))
    rows = t.slots["owner"][slots]
    known = rows < t.geometry.participants
    owners = t.rows[np.where(known, rows, 0)]
    known &= (owners["state"] != 0) & (owners["incarnation"] == t.slots["incarnation"][slots])
    lost = slots[~known]
    if len(lost):
        free(t, lost)
        t.count("reclaimed_slots", len(lost))
