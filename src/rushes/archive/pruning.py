"""Room for what is being recorded: the oldest recordings go, or move to the cold store, before there is none."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from rushes.archive.database import IndexBusy
from rushes.archive.garbage import clear, clear_cold, sweep, tidy_folders
from rushes.archive.moving import Mover
from rushes.archive.records import PruneReport
from rushes.archive.retention import Ageing, choose
from rushes.errors import ArchiveError, ArchiveFull
from rushes.limits import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.index import Index
    from rushes.archive.records import Segment
    from rushes.archive.retention import Limits
    from rushes.clock import Clock

__all__ = ["Pruner"]

_LOG = logging.getLogger(__name__)
_BATCH = 64
_PAGE = 4096
# With so many files that cannot be deleted it is not about single files: to give up more would lose recordings
# and free nothing.
_MOST_STUCK = 3
_MOST_SKIPPED = 256
# Moved while there is still so much room, so that a recording seldom has to wait for the cold store.
_AHEAD_BYTES = 128 << 20
_AHEAD_SEGMENTS = 16
_UNREACHABLE_NS = 60_000_000_000
_HOUR_NS = 3_600_000_000_000
_ENDLESS = 1 << 62


class Pruner:
    """Keeps the archive in ``root`` within ``limits``; one thread at a time, beside any number of readers.

    With ``cold`` the oldest move there instead of being deleted, unless they are too old for either place. When
    it cannot be reached and the limits would be broken they are deleted all the same. Who reads a file that is
    deleted reads on to its end. A file that cannot be deleted stays known as garbage, and is tried again each time.
    Only :meth:`move_ahead` may be called beside the rest, by another thread.
    """

    def __init__(
        self, root: Path, index: Index, limits: Limits, clock: Clock, cold: ColdStore | None = None
    ) -> None:
        self._root = root
        self._index = index
        self._limits = limits
        # Age is another question; asked along with room it could take more than is lacking.
        self._room = replace(limits, max_age_s=None, keep_s={})
        self._clock = clock
        self._cold = cold
        self._mover = None if cold is None else Mover(root, index, cold, 0.0)
        self._ageing = Ageing(clock.wall_ns(), clock.monotonic_ns())
        self._stuck: list[str] = []
        self._down_until_ns: int | None = None
        self._tidied_ns: int | None = None

    def has_room(self, need_bytes: int) -> bool:
        """Whether so much more can be written within the limits now."""
        return self._limits.shortage(*self._fill(), need_bytes) <= 0

    def make_room(self, need_bytes: int) -> PruneReport:
        """Removes so much that ``need_bytes`` more can be written within the limits.

        Raises ArchiveFull when even without all that may go there would not be room. When another process has
        the index locked it does what it can, without complaint: the next call goes on.
        """
        done = _Done()
        with contextlib.suppress(IndexBusy):
            if self._relieve(need_bytes, done) > 0:
                free_bytes = self._fill()[1]
                raise ArchiveFull(
                    f"no room in {self._root} for {format_size(need_bytes)} more: there is nothing left that may be"
                    f" removed ({format_size(free_bytes)} are free); raise max_bytes or free the disk",
                    needed_bytes=need_bytes,
                    free_bytes=free_bytes,
                )
        return done.report()

    def prune(self) -> PruneReport:
        """Removes what is too old or too much now; deletes what could not be deleted before."""
        done = _Done()
        self._sweep()
        self._forget_old(done)
        self._relieve(0, done)
        if done.removed > done.moved:
            self._index.prune_figures()
        now_ns = self._now_ns()
        if self._tidied_ns is None or now_ns - self._tidied_ns >= _HOUR_NS:
            self._tidied_ns = now_ns
            tidy_folders(self._root / "segments", now_ns)
        return done.report()

    def move_ahead(self) -> PruneReport:
        """Moves some of the oldest to the cold store while there still is room, so that nobody who is about to
        write has to wait for that. Takes as long as the store does."""
        done = _Done()
        if self._mover is None or self._unreachable():
            return done.report()
        most = self._limits.max_bytes
        ahead = _AHEAD_BYTES if most is None else min(_AHEAD_BYTES, most // 8)
        candidates = self._index.oldest_closed(_AHEAD_SEGMENTS)
        for segment in choose(candidates, *self._fill(), self._now_ns(), ahead, self._room):
            try:
                if self._mover.move(segment):
                    done.count(segment, moved=True)
            except FileNotFoundError:
                continue  # nothing to move; it goes in its turn
            except IndexBusy:
                break
            except (ArchiveError, OSError) as error:
                self._failed(error)
                break
        return done.report()

    def _relieve(self, need_bytes: int, done: _Done) -> int:
        """Takes the oldest away until there is room; the bytes that are still lacking (0 or less: none)."""
        # What is freed is counted, not measured: a file that somebody reads gives its bytes back only later, and
        # more and more would be deleted in its place.
        usage, free = self._fill()
        began, skipped = done.freed, set[int]()
        while True:
            freed = done.freed - began
            short = self._limits.shortage(usage - freed, free + freed, need_bytes)
            if short <= 0 or len(self._stuck) >= _MOST_STUCK or len(skipped) >= _MOST_SKIPPED:
                return short
            oldest = self._index.oldest_closed(_BATCH + len(skipped))
            candidates = [segment for segment in oldest if segment.id not in skipped]
            victims = choose(candidates, usage - freed, free + freed, self._now_ns(), need_bytes, self._room)
            if not victims:
                return short
            for each in victims:
                if len(self._stuck) < _MOST_STUCK and not self._take(each, done):
                    skipped.add(each.id)

    def _forget_old(self, done: _Done) -> None:
        while self._limits.max_age_s is not None and len(self._stuck) < _MOST_STUCK:
            before = done.removed
            for segment in choose(self._oldest(), 0, _ENDLESS, self._now_ns(), 0, self._limits):
                if len(self._stuck) < _MOST_STUCK:
                    self._remove(segment, done)
            if done.removed == before:
                break
        for channel in self._limits.keep_s:
            self._forget_old_of(channel, done)

    def _forget_old_of(self, channel: str, done: _Done) -> None:
        now_ns = self._now_ns()
        for segment in self._index.segments(channel, "closed"):
            if len(self._stuck) >= _MOST_STUCK:
                return
            if self._limits.too_old(segment.end_ns, now_ns, channel):
                if not segment.cold or self._cold is not None:
                    self._remove(segment, done)
            elif segment.end_ns <= now_ns:  # one from the future says nothing about those behind it
                return

    def _take(self, segment: Segment, done: _Done) -> bool:
        """Moves it to the cold store, or removes it; False when it is to be left alone for now."""
        if self._mover is None or self._limits.too_old(segment.end_ns, self._now_ns(), segment.channel):
            return self._remove(segment, done)
        if not self._unreachable():
            try:
                moved = self._mover.move(segment)
            except IndexBusy:
                raise
            except FileNotFoundError:
                return self._remove(segment, done)
            except (ArchiveError, OSError) as error:
                self._failed(error)
            else:
                if moved:
                    done.count(segment, moved=True)
                return moved
        if not self._remove(segment, done):
            return False
        _LOG.warning("%s was deleted for want of room, as the cold store cannot be reached", segment.path)
        return True

    def _remove(self, segment: Segment, done: _Done) -> bool:
        with contextlib.nullcontext(True) if self._cold is None else self._cold.claim(segment.path) as mine:
            now = self._index.segment(segment.id) if mine else None
            if now is None or now.cold != segment.cold or not (now.cold or self._deletable(now.path)):
                return False
            self._index.remove_segment(now.id)
            done.count(now)
            if now.cold and self._cold is not None:
                if not self._unreachable() and not clear_cold(self._cold, self._index, now.path, now.cold):
                    self._failed()
            elif not clear(self._root, self._index, now.path):
                self._stuck.append(now.path)
                _LOG.warning("%s cannot be deleted now", now.path)
        return True

    def _deletable(self, path: str) -> bool:
        folder = (self._root / path).parent
        return not folder.exists() or os.access(folder, os.W_OK | os.X_OK)

    def _sweep(self) -> None:
        stuck, unreachable = sweep(self._root, self._index, None if self._unreachable() else self._cold)
        if unreachable:
            self._failed()
        if stuck and stuck != self._stuck:
            _LOG.warning("%d files cannot be deleted, the first is %s", len(stuck), stuck[0])
        self._stuck = stuck

    def _oldest(self) -> Iterable[Segment]:
        if self._cold is None:  # what was moved can then not be deleted
            return self._index.oldest_closed(_PAGE)
        return islice(self._index.segments(state="closed"), _PAGE)

    def _fill(self) -> tuple[int, int]:
        """Bytes of local segments, and bytes free on their disk."""
        disk = os.statvfs(self._root)
        return self._index.usage().bytes, disk.f_bavail * disk.f_frsize

    def _now_ns(self) -> int:
        return self._ageing.trusted_now(self._clock.wall_ns(), self._clock.monotonic_ns())

    def _unreachable(self) -> bool:
        return self._down_until_ns is not None and self._clock.monotonic_ns() < self._down_until_ns

    def _failed(self, error: Exception | None = None) -> None:
        # Not asked again for a while: each time costs many seconds, which a recording may be waiting for.
        self._down_until_ns = self._clock.monotonic_ns() + _UNREACHABLE_NS
        if error is not None:
            _LOG.warning("nothing is moved to the cold store for a minute: %s", error)


@dataclass(slots=True)
class _Done:
    removed: int = 0
    freed: int = 0
    moved: int = 0

    def count(self, segment: Segment, *, moved: bool = False) -> None:
        self.removed += 1
        self.moved += moved
        self.freed += segment.bytes

    def report(self) -> PruneReport:
        return PruneReport(self.removed, self.freed, self.moved)
