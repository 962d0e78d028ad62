"""Which dict that a user has is which work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.frame import Frame
    from rushes.stream.work.held import Work

__all__ = ["GivenOut"]


class GivenOut:
    """Works that were given out as dicts and have no result yet; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: dict[int, Work] = {}

    def remember(self, item: dict[str, Any], work: Work, frame: Frame) -> None:
        """That the user was given this dict for the work, made of that frame."""
        work.given = frame
        with self._lock:
            self._works[id(item)] = work
            work.dict = item

    def has(self, work: Work) -> bool:
        """Whether it has no result yet."""
        with self._lock:
            return id(work.dict) in self._works

    def find(self, item: Any) -> Work | None:
        """The work of a dict that was given out; of another dict by its number."""
        with self._lock:
            work = self._works.get(id(item))
            if work is None and isinstance(item, dict):
                number = item.get("fno")
                works = self._works.values()
                work = next((each for each in works if each.parcel.header.number == number), None)
        return work

    def forget(self, work: Work) -> None:
        """It has a result, or is somebody else's."""
        with self._lock:
            self._works.pop(id(work.dict), None)
