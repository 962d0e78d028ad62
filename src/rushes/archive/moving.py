"""Segments on their way to the cold store: at every moment one whole copy is there, and the index knows it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rushes.archive.garbage import clear

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.index import Index
    from rushes.archive.records import Segment

__all__ = ["Mover"]

_LOG = logging.getLogger(__name__)


class Mover:
    """Moves finished segments from the archive in ``root`` to ``cold``, ``after_s`` after their last picture.

    May be killed at any step: a segment is then moved again, or its local file is the next sweep's to delete.
    Any thread; a segment is moved by one at a time. Several processes must not.
    """

    def __init__(self, root: Path, index: Index, cold: ColdStore, after_s: float) -> None:
        self._root = root
        self._index = index
        self._cold = cold
        self._after_ns = round(after_s * 1e9)
        self._missing: set[int] = set()

    def move_due(self, now_ns: int, limit: int) -> int:
        """Moves those that are old enough, the oldest first and at most ``limit``; how many.

        Raises ArchiveError when the store cannot be reached; what was moved before stays so.
        """
        moved = 0
        # One without a file stays in the index, and at the front, until it is removed for its age.
        for segment in self._index.oldest_closed(limit + len(self._missing)):
            if moved == limit or segment.end_ns > now_ns - self._after_ns:
                break
            if segment.id not in self._missing:
                moved += self._moved(segment)
        return moved

    def move(self, segment: Segment) -> bool:
        """Moves one; False when another thread is about it, or it is no longer a local file.

        Raises ArchiveError when the store cannot be reached, IndexBusy as the index does, and FileNotFoundError
        when its file is missing.
        """
        with self._cold.claim(segment.path) as mine:
            if not mine:
                return False
            now = self._index.segment(segment.id)
            if now is None or now.cold or now.state != "closed":
                return False
            # The same key each time, so that a second try after a crash leaves no second copy.
            self._cold.put(now.path, self._root / now.path)
            self._index.to_cold(now.id, now.path)
            clear(self._root, self._index, now.path)
        return True

    def _moved(self, segment: Segment) -> bool:
        try:
            return self.move(segment)
        except FileNotFoundError:
            _LOG.warning("%s cannot be moved to the cold store: it is missing", segment.path)
            self._missing.add(segment.id)
            return False
