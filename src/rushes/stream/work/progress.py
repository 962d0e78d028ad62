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
    """For each run and track the index that comes next, and those done beyond it. Written as a whole to another name
    and then renamed, so that a kill leaves one state or the next; a file that cannot be read counts as none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[int, list[int]]])
        except (OSError, msgspec.MsgspecError):
            self._known = {}

    def known_of(self, run: int, track: str) -> tuple[int, list[int]]:
        """The index to begin with, and those beyond it that are done."""
        return self._known.get(f"{run}/{track}", (0, []))

    def reached(self, run: int, track: str, index: int, beyond: list[int]) -> None:
        """All before ``index`` is done, and so is what is ``beyond``. OSError when the disk refuses."""
        key = f"{run}/{track}"
        self._known.pop(key, None)
        self._known[key] = (index, beyond)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self._known))
        os.replace(part, self._path)
