"""What every handle of a depot has: its segment, its core, its end. ``Writing`` and ``Reading`` build on it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from rushes.depot import handles, opening, policy, report
from rushes.depot.aio import AsyncWaits
from rushes.errors import ConfigError
from rushes.lifecycle import AsyncCloseable

if TYPE_CHECKING:
    import numpy as np

    from rushes._native.core import Core, Hold
    from rushes.depot.records import DepotStats, LeaseInfo

__all__ = ["Handle"]


class Handle(AsyncCloseable):
    """One participant's handle of one depot. After ``close()`` its core is one that answers with ClosedError."""

    def __init__(self, opened: opening.Opened) -> None:
        super().__init__()
        self.name = opened.name
        """The name to attach by; that of an anonymous depot leads through its creator's process, while that
        lives.
        """
        self.mode = opened.mode
        self.slots = opened.header.geometry.slots
        self.when_full = policy.POLICIES[opened.header.policy]
        """"drop_oldest", "drop_newest", "block", "spill", or "ask" for a callable."""
        self._opened = opened
        self._shapes = opening.shapes_of(opened.header)
        self._core: Core = opened.core
        self._file = opened.file
        self._spill = opened.spill
        self._ask = opened.ask
        self._take = policy.TAKES[self.when_full]
        self._own_consumer: int | None = None
        self._lock = threading.Lock()
        self._aio = AsyncWaits(self)
        handles.remember(self)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape every frame must have, or None when any that fits a slot may come."""
        return self._shapes.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the frames of a depot with a shape."""
        return self._shapes.dtype

    @property
    def slot_bytes(self) -> int:
        """The largest frame, in bytes."""
        return self._shapes.slot_bytes

    def stats(self) -> DepotStats:
        """The ledger of this moment; it adds up (see DepotStats). Also takes back what dead processes held."""
        return report.stats(self.name, self._core, self._spill, self.slots)

    def leases(self) -> list[LeaseInfo]:
        """Who holds which frame, and for how long."""
        return report.leases(self._core)

    @property
    def full(self) -> bool:
        """Whether every slot holds a frame, so that the next put has to follow ``when_full``."""
        return self._core.held() >= self.slots

    @property
    def head(self) -> int:
        """The last published sequence, -1 before the first."""
        return self._core.head()

    @property
    def unlinked(self) -> bool:
        """Whether the name is gone, or means another depot now: nobody can join this one any more."""
        self._check_open()
        return self._opened.path is not None and os.fstat(self._file).st_nlink == 0

    def __len__(self) -> int:
        return self._core.held()

    # Without this an empty depot would be false, and `if depot:` would mean something nobody meant.
    def __bool__(self) -> bool:
        return True

    def _look(self, after: int) -> Hold | None:
        """The next frame wherever it is, without waiting."""
        hold = self._core.next(after)
        if self._spill is None:
            return hold
        # Memory first, then disk: a frame is on disk before it leaves memory, so it cannot slip through
        # between.
        return self._spill.earlier(hold, after)

    def _check_writable(self) -> None:
        self._check_open()
        if self.mode != "rw":
            raise ConfigError(f"depot {self.name!r} is attached read-only: attach it with mode='rw' to write")

    def _close(self) -> None:
        self._aio.close()
        handles.forget(self)
        core, self._core = self._core, handles.gone(self._label())
        opening.leave(self._opened, core, self._file, self._spill)

    def _after_fork(self) -> None:
        """In a forked child: let go of the parent's claims and attach anew at first use."""
        self._lock = threading.Lock()
        self._own_consumer = None
        self._aio = AsyncWaits(self)
        if not self.closed:
            self._core = handles.rejoining(
                self, opening.after_fork(self._opened, self._core, self._file, self._spill)
            )
