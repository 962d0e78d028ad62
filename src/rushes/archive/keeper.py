"""The writing half of an archive: who records, what is cleared away, and the one lock on all of it."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from rushes.archive.database import Database
from rushes.archive.index import Index
from rushes.archive.lock import WriterLock
from rushes.archive.moving import Mover
from rushes.archive.pruning import Pruner
from rushes.archive.recording import Recording
from rushes.archive.recovery import recover
from rushes.archive.rolling import Ground
from rushes.clock import SYSTEM
from rushes.errors import ArchiveError, ConfigError
from rushes.jobs import JobQueue
from rushes.lifecycle import Closeable, StopToken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.records import PruneReport
    from rushes.archive.retention import Limits
    from rushes.archive.rolling import Plan

__all__ = ["Keeper"]

_LOG = logging.getLogger(__name__)
_EVERY_S = 10.0
_MOVES = 16


class Keeper(Closeable):
    """Holds the writer's lock from the recovery at its making to the close.

    Raises ArchiveError when another writer has it. Every ten seconds what has become too old, or too much, is
    removed or moved to the cold store, recordings or not.
    """

    def __init__(self, root: Path, limits: Limits, cold: ColdStore | None, cold_after_s: float) -> None:
        super().__init__()
        self.name = str(root)
        self._root, self._limits = root, limits
        self._change = threading.Lock()
        self._recordings: dict[str, Recording] = {}
        self._taken: set[str] = set()
        self.pruned = 0
        self._stop = StopToken(self.name)
        with ExitStack() as held:
            held.callback(WriterLock(root).release)
            database = Database(root)
            held.callback(database.close)
            self.index = Index(database)
            self.recovered = recover(root, self.index, cold)
            self._pruner = Pruner(root, self.index, limits, SYSTEM, cold)
            self._mover = None if cold is None else Mover(root, self.index, cold, cold_after_s)
            self._held = held.pop_all()
        self._work = JobQueue(2, name=f"archive {root.name}")
        self._tidy = threading.Thread(target=self._keep_tidy, name=f"archive tidy {root.name}", daemon=True)
        self._tidy.start()

    def record(self, channel: str, source: Any, plan: Plan, memory_bytes: int) -> Recording:
        """See ``Archive.record``."""
        ground = Ground(self._root, self.index, self._make_room, self._later, self._segment_bytes)
        with self._change:
            self._check_open()
            if channel in self._taken:
                raise ConfigError(
                    f"{channel!r} is being recorded already; stop that recording first", option="channel"
                )
            self._taken.add(channel)
        try:
            recording = Recording(channel, source, ground, plan, memory_bytes, self._ended)
        except BaseException:  # whatever was wrong with the source, the name is free again
            with self._change:
                self._taken.discard(channel)
            raise
        with self._change:
            self._recordings[channel] = recording
        recording.start()
        return recording

    def recordings(self) -> tuple[Recording, ...]:
        """Those under way."""
        with self._change:
            return tuple(self._recordings.values())

    def live(self, channel: str) -> bool:
        """Whether pictures of the channel may still be on their way."""
        return channel in self._recordings

    def prune(self) -> PruneReport:
        """Removes what is too old or too much now."""
        return self._cleared(self._pruner.prune)

    def _make_room(self, need_bytes: int) -> None:
        if not self._pruner.has_room(need_bytes):
            self._cleared(partial(self._pruner.make_room, need_bytes))

    def _cleared(self, clear: Callable[[], PruneReport]) -> PruneReport:
        # One at a time, and by a queue: two would remove twice as much as is needed.
        report: PruneReport = self._work.submit(clear, serial="clear").result()
        self.pruned += report.removed - report.moved
        return report

    def _later(self, work: Callable[[], None]) -> Any:
        return self._work.submit(work)

    def _segment_bytes(self) -> int:
        """Short enough that there is always something to remove besides the files being written."""
        most = self._limits.max_bytes
        if most is None:
            return 1 << 62
        return most // (8 * max(1, len(self._recordings)))

    def _ended(self, recording: Recording) -> None:
        with self._change:
            if self._recordings.get(recording.channel) is recording:
                del self._recordings[recording.channel]
                self._taken.discard(recording.channel)

    def _keep_tidy(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self.prune()
                # Not in the queue of what clears away: a slow store must not keep a recording waiting.
                self._pruner.move_ahead()
                if self._mover is not None:
                    self._mover.move_due(SYSTEM.wall_ns(), _MOVES)
            except (ArchiveError, OSError) as error:
                _LOG.warning("%s could not be tidied: %s", self._root, error)

    def _close(self) -> None:
        self._stop.set()
        for recording in self.recordings():
            recording.close()
        self._tidy.join()
        self._work.drain()
        self._work.stop()
        self._held.close()
