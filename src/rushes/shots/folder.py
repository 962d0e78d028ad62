"""Which path a shot gets: a free name in the right folder, held for it until the file is there."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.shots.names import exact, is_folder, name_file, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Names", "place"]


def place(
    folder: str | os.PathLike[str],
    template: str,
    file_name: str | None,
    file_path: str | os.PathLike[str] | None,
    moment: datetime,
    fields: Mapping[str, str],
) -> Path:
    """Where the shot goes, before it is known whether that name is free.

    ``file_path`` is a folder when it exists as one, ends with a separator or has no suffix; otherwise the full
    name, and then ``file_name`` would have no meaning: ConfigError. ``folder`` is the one without it.
    """
    if file_path is not None:
        given = os.fspath(file_path)
        if not is_folder(given, exists_as_folder=os.path.isdir(given)):
            if file_name is not None:
                raise ConfigError(
                    f"file_path {given!r} is a full name, so file_name cannot be used: end the folder with a separator",
                    option="file_path",
                )
            parent, last = os.path.split(os.path.abspath(given))
            return Path(parent, exact(last))
        folder = given
    parts = name_file(template if file_name is None else file_name, moment, fields)
    return Path(os.path.abspath(folder), *parts)


class Names:
    """The paths of shots on their way: two never get the same, nor one that is taken on the disk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[str] = set()

    def hold(self, wanted: Path) -> Path:
        """``wanted``, or one of "… (2)", "… (3)" that is free: the first when they were taken in turn."""
        while True:
            path = wanted.with_name(numbered(wanted.name, self._first_free(wanted)))
            if not self._add(path):
                continue
            # Between the look and the hold, another's shot may have arrived there and let go.
            if not os.path.lexists(path):
                return path
            self.free(path)

    def _first_free(self, wanted: Path) -> int:
        # Ten thousand shots of one name must not look at each other's names one by one: in steps that double
        # to a free number, then by halves to one whose predecessor is taken. Where there are gaps, that need
        # not be the very first.
        taken, free = 0, 1
        while self._taken(wanted, free):
            taken, free = free, free * 2
        while free - taken > 1:
            middle = (taken + free) // 2
            if self._taken(wanted, middle):
                taken = middle
            else:
                free = middle
        return free

    def _taken(self, wanted: Path, number: int) -> bool:
        path = os.path.join(wanted.parent, numbered(wanted.name, number))
        with self._lock:
            held = os.path.normcase(path) in self._held
        return held or os.path.lexists(path)

    def free(self, path: Path) -> None:
        """The shot has ended, its file is there or will never be."""
        with self._lock:
            self._held.discard(os.path.normcase(path))

    def _add(self, path: Path) -> bool:
        name = os.path.normcase(path)
        with self._lock:
            if name in self._held:
                return False
            self._held.add(name)
            return True
