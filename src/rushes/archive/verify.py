"""Looking through all recordings: whether the bytes are those that were written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.archive.records import VerifyReport
from rushes.archive.segment import sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.index import Index
    from rushes.archive.records import Segment

__all__ = ["SEGMENTS", "verify"]

SEGMENTS = "segments"
"""The folder, inside the archive's, that all segments lie in."""


def verify(
    root: Path,
    index: Index,
    cold: ColdStore | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
    deep: bool = True,
) -> VerifyReport:
    """Compares files and index. ``deep`` reads every byte; else only names and sizes are looked at.

    Of segments in the cold store only that they are there: reading them would cost money. ``progress(done, all)``
    is called after each segment. May run while recordings are made and removed.
    """
    # Files first: a file has its row before it is made, so one that is newer than the rows is no orphan.
    files = set(_files(root))
    usage = index.usage()
    total = usage.segments + usage.cold_segments
    damaged: list[str] = []
    missing: list[str] = []
    done = 0
    for segment in index.segments():
        done += 1
        if segment.cold:
            if cold is not None and not cold.exists(segment.cold):
                missing.append(segment.cold)
        else:
            files.discard(segment.path)
            found = _look(root / segment.path, segment, index, deep=deep)
            # One that was removed or moved meanwhile is not what the index says any more either.
            if found and _still(index, segment):
                (missing if found == "missing" else damaged).append(segment.path)
        if progress is not None:
            progress(done, max(done, total))
    garbage = set(index.garbage())
    orphans = sorted(path for path in files - garbage if (root / path).exists())
    return VerifyReport(done, tuple(damaged), tuple(missing), tuple(orphans))


def _files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root / SEGMENTS):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def _look(path: Path, segment: Segment, index: Index, *, deep: bool) -> str:
    """ "missing", "damaged", or nothing when all is well."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size < segment.bytes:
                return "damaged"
            gops = (found.gop for found in index.segment_gops(segment.id))
            return "" if not deep or all(sound(file.fileno(), gop) for gop in gops) else "damaged"
    except FileNotFoundError:
        return "missing"
    except OSError:  # a disk that cannot be read is what this is to find out
        return "damaged"


def _still(index: Index, segment: Segment) -> bool:
    now = index.segment(segment.id)
    return now is not None and not now.cold
