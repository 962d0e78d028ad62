"""Frames that had to leave memory and went to disk.

The spill is a second segment in a file on disk, with the same slots, leases and recovery as the one in
memory, into which frames are published under the sequence they already have. So a spilled frame is read in
place, under a lease, by any process, and a kill at any instant is covered by the same proofs. A file per
frame was rejected: its index would be the folder, listed at every look-up; a log with an index of its own was
rejected: a second recovery to get right.

A put that needs room moves the oldest frame itself before it takes the slot. A background thread was
rejected: when it falls behind, frames would be dropped although the disk has room, and the wait would only
move elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rushes._native import layout, module
from rushes._native.core import FULL, LEASED, OK, TAKE_EXACT, TAKE_OLDEST
from rushes.depot import segment
from rushes.errors import ConfigError, DepotError

if TYPE_CHECKING:
    from rushes._native.core import Core, Hold

__all__ = ["Spill"]


class Spill:
    """One handle's view of a depot's spill file."""

    def __init__(self, path: Path, header: layout.Header, file: int, writable: bool) -> None:
        self.path = path
        self._header = header
        self._file = file
        self._writable = writable
        self._core: Core | None = None
        self.core()

    @classmethod
    def create(cls, depot: layout.Header, spill_bytes: int) -> Spill:
        """Take ``spill_bytes`` of disk now. Raises ConfigError when not one frame fits, DepotError when the
        disk lacks room.
        """
        path = Path(depot.spill_path)
        g = depot.geometry
        fixed = layout.geometry(1, g.participants, g.slot_bytes)
        per_slot = layout.geometry(2, g.participants, g.slot_bytes).total - fixed.total
        slots = min(layout.MAX_SLOTS, 1 + (spill_bytes - fixed.total) // per_slot)
        if slots < 1:
            raise ConfigError(
                f"spill_bytes={spill_bytes} is less than one spilled frame takes: {fixed.total}"
            )
        if not path.parent.is_dir():
            raise ConfigError(f"spill_dir {path.parent} is not a folder")
        _remove_stale(path.parent)
        header = layout.Header(
            geometry=layout.geometry(slots, g.participants, g.slot_bytes),
            core=depot.core,
            flags=layout.FLAG_SPILL,
            policy=0,
            creator_pid=depot.creator_pid,
            created_ns=depot.created_ns,
            creator_start=0,
            uuid=depot.uuid,
            dtype=depot.dtype,
            shape=None,
        )
        file = segment.make(path.parent, header)
        try:
            spill = cls(path, header, file, True)
            segment.give_name(file, path)
        except BaseException:  # nothing may be left behind, whatever went wrong
            os.close(file)
            raise
        return spill

    @classmethod
    def attach(cls, path: Path, mode: str) -> Spill:
        """Join an existing spill file. Raises DepotError when it is not there any more."""
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise DepotError(f"the depot's spill file {path} cannot be opened: {error.strerror}") from error
        try:
            return cls(path, segment.read_header(file, path.name), file, mode == "rw")
        except BaseException:  # the descriptor must not leak
            os.close(file)
            raise

    def core(self) -> Core:
        """This process's participant in the spill segment."""
        if self._core is None:
            self._core = module(self._header.core).Core(
                segment.reopen(self._file), self._writable, False, "spill"
            )
        return self._core

    def earlier(self, hold: Hold | None, after: int) -> Hold | None:
        """The spilled frame that comes next after ``after``, if it comes before ``hold``; else ``hold``."""
        on_disk = self.core().next(after)
        if on_disk is None or (hold is not None and hold.sequence <= on_disk.sequence):
            return hold
        return on_disk

    def make_room(self, memory: Core) -> tuple[int, int, int]:
        """Move the oldest frame that nobody leases to disk and take its slot: (status, slot, -1), as
        ``reserve`` answers.
        """
        status = FULL
        for sequence in memory.sequences():
            if not self._store(memory, sequence):
                continue
            status, slot, _ = memory.reserve(TAKE_EXACT, sequence)
            if status == OK:
                return OK, slot, -1
            status = LEASED
            self._retract(sequence)
        return status, -1, -1

    def _store(self, memory: Core, sequence: int) -> bool:
        hold = memory.exact(sequence)
        if hold is None:
            return False
        disk = self.core()
        if disk.exact(sequence) is not None:
            return True
        status, slot, _ = disk.reserve(TAKE_OLDEST, -1)
        if status != OK:
            return False
        array = hold.array()
        np.copyto(disk.target(slot, hold.shape, hold.dtype), array)
        disk.publish(
            slot, hold.number, hold.captured_ns, hold.dtype, hold.shape, hold.format, hold.meta(), sequence
        )
        return True

    def _retract(self, sequence: int) -> None:
        """Take a frame off the disk that memory still holds, so that it is not counted twice."""
        status, slot, _ = self.core().reserve(TAKE_EXACT, sequence)
        if status == OK:
            self.core().abandon(slot)

    def clear(self, memory: Core) -> int:
        """Forget the spilled frames; returns how many were on disk alone."""
        for sequence in set(self.core().sequences()).intersection(memory.sequences()):
            self._retract(sequence)
        return self.core().clear()

    def only_here(self, memory: Core) -> int:
        """How many frames are on disk and not in memory."""
        return len(set(self.core().sequences()).difference(memory.sequences()))

    def cleared(self) -> int:
        """How many frames were forgotten from disk by ``clear``."""
        return self.core().counters()[1 + layout.COUNTER_NAMES.index("cleared")]

    def close(self, *, last: bool) -> None:
        """Leave the spill; the ``last`` user of the depot removes the file."""
        if self._core is not None:
            self._core.close()
        if last:
            segment.unlink_if_same(self.path, self._file)
        os.close(self._file)

    def after_fork(self) -> None:
        """In a forked child: join anew at first use."""
        own = segment.reopen(self._file)
        os.dup2(own, self._file, inheritable=False)
        os.close(own)
        if self._core is not None:
            self._core.forked()
        self._core = None


def _remove_stale(folder: Path) -> None:
    """Remove spill files whose every user was killed: their depots are gone, so nothing can lead to them."""
    for path in folder.glob("rushes-*.spill"):
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's, or gone by now
        try:
            if not segment.users(file):
                segment.unlink_if_same(path, file)
        except DepotError:
            pass  # not one of ours, or of another version: left alone
        finally:
            os.close(file)
