"""Files that the index has given up: deleted now, or whenever that becomes possible."""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from rushes.archive.database import IndexBusy
from rushes.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.index import Index

__all__ = ["Left", "clear", "clear_cold", "sweep", "tidy_folders"]

_LOG = logging.getLogger(__name__)
# A recording makes the folder first and then the file in it: between the two the folder must stay.
_FRESH = timedelta(hours=2)


class Left(NamedTuple):
    """What a sweep could not do: local paths that cannot be deleted now, and whether the cold store was gone."""

    stuck: list[str]
    unreachable: bool = False


def clear(root: Path, index: Index, path: str) -> bool:
    """Deletes a local file whose path is garbage; one that is gone is deleted already.

    False when that is refused: it then stays garbage, and is tried again by :func:`sweep`. Who has the file open
    reads on.
    """
    if not _unlink(root / path):
        return False
    _forget(index, path)
    return True


def clear_cold(cold: ColdStore, index: Index, path: str, key: str) -> bool:
    """The same in the cold store; False when it cannot be reached."""
    try:
        cold.delete(key)
    except ArchiveError as error:
        _LOG.warning("%s is deleted later: %s", key, error)
        return False
    _forget(index, path)
    return True


def sweep(root: Path, index: Index, cold: ColdStore | None) -> Left:
    """Clears all garbage, what a crash has left included; without ``cold`` the local part of it."""
    elsewhere = index.cold_garbage()
    # Under one path there may be both a file and what it was moved to: it is forgotten when both are deleted.
    twice = {path for path, _ in elsewhere}
    stuck = [
        path
        for path in index.garbage()
        if not (_unlink(root / path) if path in twice else clear(root, index, path))
    ]
    if cold is not None:
        for path, key in elsewhere:
            with cold.claim(path) as mine:
                if mine and path not in stuck and not clear_cold(cold, index, path, key):
                    return Left(stuck, unreachable=True)  # each further one would wait as long again
    return Left(stuck)


def tidy_folders(segments: Path, now_ns: int) -> None:
    """Removes the empty folders of days and hours that are over."""
    begin = datetime.fromtimestamp(now_ns / 1e9, UTC) - _FRESH
    today, hour = f"{begin:%Y-%m-%d}", f"{begin:%H}"
    for channel in _folders(segments):
        for day in _folders(channel.path):
            if day.name > today:
                continue
            for each in _folders(day.path):
                if (day.name, each.name) < (today, hour):
                    _rmdir(each.path)
            if day.name < today:
                _rmdir(day.path)


def _unlink(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _LOG.debug("%s cannot be deleted: %s", path, error)
        return False
    return True


def _forget(index: Index, path: str) -> None:
    # The row is then the next sweep's to find.
    with contextlib.suppress(IndexBusy):
        index.forget_garbage(path)


def _folders(place: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:  # not there yet, or being removed by somebody else
        return []


def _rmdir(place: str) -> None:
    # The system removes none that is not empty, which most are.
    with contextlib.suppress(OSError):
        os.rmdir(place)
