"""The frozen records a depot answers with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConsumerStats", "DepotInfo", "DepotStats", "LeaseInfo", "PutResult"]


class PutResult(NamedTuple):
    """What became of a frame offered to a depot; a named tuple, made in a third of a frozen dataclass's time.

    ``stored``: whether it is in. ``sequence``: its place in the depot's own gapless count, -1 when not
    stored. ``number``: the frame's number, also that of a dropped frame, so that the hole it leaves can be
    told. ``evicted``: sequence of the frame that went for it, or None. ``reason``: None when stored, else
    "full", "leased", "no consumer" or "timeout". True in a condition when stored.
    """

    stored: bool
    sequence: int
    number: int
    evicted: int | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.stored


@dataclass(frozen=True, slots=True)
class ConsumerStats:
    """One reader's ledger: published since its start = seen + missed + waiting.

    ``missed``: frames that were gone before it came to them. ``waiting``: published and not yet delivered to
    it. ``acknowledged``: the sequence up to which a lossless consumer lets frames go. ``pid``: its process.
    """

    name: str
    seen: int
    missed: int
    waiting: int
    lossless: bool = False
    acknowledged: int = -1
    pid: int = 0

    @property
    def published(self) -> int:
        """Frames published since it started."""
        return self.seen + self.missed + self.waiting


@dataclass(frozen=True, slots=True)
class DepotStats:
    """A depot's ledger of one moment: offered = stored + dropped; stored = held + evicted + spilled +
    cleared.

    ``dropped``: reason → count. ``held``: in the slots now. ``spilled``: on disk now. ``evicted``: gone for
    good to make room. The ``reclaimed_…`` counts tell what was taken back from killed processes.
    """

    name: str
    slots: int
    head: int
    offered: int
    stored: int
    held: int
    evicted: int
    spilled: int
    cleared: int
    dropped: Mapping[str, int] = field(default_factory=Counter)
    consumers: tuple[ConsumerStats, ...] = ()
    reclaimed_leases: int = 0
    reclaimed_slots: int = 0
    dead_lock_owners: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether both identities hold; False would be a bug of the depot."""
        return (
            self.offered == self.stored + sum(self.dropped.values())
            and self.stored == self.held + self.evicted + self.spilled + self.cleared
        )


@dataclass(frozen=True, slots=True)
class LeaseInfo:
    """Who holds a frame: ``count`` claims by participant ``holder`` of process ``pid``, the first ``age_s``
    seconds ago.

    ``sequence`` is -1 when the frame was cleared under the lease.
    """

    sequence: int
    holder: str
    pid: int
    count: int
    age_s: float


@dataclass(frozen=True, slots=True)
class DepotInfo:
    """A depot as seen from outside, without joining it. ``size_bytes`` is the whole segment; ``pids`` those
    alive in it.

    ``trouble`` says why a file in the folder is no usable depot; everything else is then empty.
    """

    name: str
    slots: int = 0
    slot_bytes: int = 0
    size_bytes: int = 0
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    when_full: str = ""
    core: str = ""
    held: int = 0
    head: int = -1
    created_ns: int = 0
    creator_pid: int = 0
    persistent: bool = False
    pids: tuple[int, ...] = ()
    writers: tuple[int, ...] = ()
    trouble: str = ""

    @property
    def alive(self) -> bool:
        """Whether any process uses it."""
        return bool(self.pids)
