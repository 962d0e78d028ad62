"""What a depot tells about itself: the ledger, and who holds what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rushes._native import layout
from rushes.clock import SYSTEM
from rushes.depot.records import ConsumerStats, DepotStats, LeaseInfo

if TYPE_CHECKING:
    from rushes._native.core import Core
    from rushes.depot.spill import Spill

__all__ = ["clear", "leases", "stats"]

# A writer at full speed publishes once in some microseconds; the counters alone are always of one moment.
_LOOKS = 8


def stats(name: str, core: Core, spill: Spill | None, slots: int) -> DepotStats:
    """The ledger of this moment, after taking back what the dead held."""
    core.reclaim()
    head, (held, *rest) = _at_once(core)
    count = dict(zip(layout.COUNTER_NAMES, rest, strict=True))
    evicted, spilled, cleared = count["evicted"], 0, count["cleared"]
    if spill is not None:
        # A frame moves to disk by two segments' counters, which no kill may leave apart: what is where is
        # counted afresh, and what is nowhere any more was evicted.
        spilled = spill.only_here(core)
        cleared += spill.cleared()
        evicted = count["stored"] - held - spilled - cleared
    return DepotStats(
        name=name,
        slots=slots,
        head=head,
        offered=count["offered"],
        stored=count["stored"],
        held=held,
        evicted=evicted,
        spilled=spilled,
        cleared=cleared,
        dropped=_dropped(count),
        consumers=_consumers(core),
        reclaimed_leases=count["reclaimed_leases"],
        reclaimed_slots=count["reclaimed_slots"],
        dead_lock_owners=count["dead_lock_owners"],
    )


def _at_once(core: Core) -> tuple[int, tuple[int, ...]]:
    """The head and the counters of one moment: of two, what is published in between would be on one side only."""
    for _ in range(_LOOKS):
        head, counters = core.head(), core.counters()
        if core.head() == head:
            break
    return head, counters


def _dropped(count: dict[str, int]) -> Counter[str]:
    """Only what happened, so that an untroubled depot says {}; a reason that did not happen still reads as 0."""
    found = {reason: count["dropped_" + reason.replace(" ", "_")] for reason in layout.DROP_REASONS}
    return Counter({reason: times for reason, times in found.items() if times})


def _consumers(core: Core) -> tuple[ConsumerStats, ...]:
    pids = {row: pid for row, _, _, pid, _, _, _ in core.participants()}
    head = core.head()
    return tuple(
        ConsumerStats(
            name=name,
            seen=seen,
            # Not stored but derived, so that a kill between two stores cannot make the ledger lie.
            missed=last - start - seen,
            waiting=max(head - last, 0),
            lossless=lossless,
            acknowledged=acked,
            pid=pids.get(row, 0),
        )
        for name, lossless, row, start, last, acked, seen in core.consumers()
    )


def leases(core: Core) -> list[LeaseInfo]:
    """Every claim on every frame."""
    who = {row: (name, pid) for row, _, _, pid, _, name, _ in core.participants()}
    now = SYSTEM.monotonic_ns()
    return [
        LeaseInfo(sequence, *who.get(row, ("", 0)), count, max(now - since, 0) / 1e9)
        for sequence, _, row, count, since in core.leases()
    ]


def clear(core: Core, spill: Spill | None) -> int:
    """Forget every frame; returns how many went."""
    gone = 0 if spill is None else spill.clear(core)
    return gone + core.clear()
