"""How far a receiver has come, kept in a file: one that is started again goes on where the last one was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Progress"]

_MOST = 64


class Progress:
    """For each run and track the index that comes next. Written as a whole to another name and then renamed, so
    that a kill leaves one state or the next; a file that cannot be read counts as none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._next = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError):
            self._next = {}

    def next_of(self, run: int, track: str) -> int:
        """The index to begin with."""
        return self._next.get(f"{run}/{track}", 0)

    def reached(self, run: int, track: str, index: int) -> None:
        """All before ``index`` is done. OSError when the disk refuses."""
        key = f"{run}/{track}"
        self._next.pop(key, None)
        self._next[key] = index
        while len(self._next) > _MOST:
            del self._next[next(iter(self._next))]
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self._next))
        os.replace(part, self._path)
