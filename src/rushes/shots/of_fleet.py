"""Pictures of a station of this machine, and by way of it those of the others that it knows."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.errors import SourceUnavailable
from rushes.shots.backends import Hostless

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.shots.of_board import BoardBackend
    from rushes.shots.of_station import StationBackend
    from rushes.shots.request import Ask, Picture, Place

__all__ = ["FleetBackend"]


class FleetBackend(Hostless):
    """Answers from ``near`` for what it has, and for other channels from the interface whose address ``web()`` gives,
    "" for none.
    """

    def __init__(self, near: BoardBackend, web: Callable[[], str]) -> None:
        self._near, self._web = near, web
        self._lock = threading.Lock()
        self._far: StationBackend | None = None
        self._names: set[str] = set()

    def find(self, channel: str) -> Place:
        """As the protocol says. For a channel of another station it asks this one's interface."""
        try:
            return self._near.find(channel)
        except SourceUnavailable:
            far = self._beyond()
            if far is None:
                raise
        place = far.find(channel)
        self._names.add(channel)
        return place

    def take(self, ask: Ask) -> Picture:
        """As the protocol says."""
        far = self._far
        return self._near.take(ask) if far is None or ask.channel not in self._names else far.take(ask)

    def close(self) -> None:
        """Lets go of the station."""
        self._near.close()

    def _beyond(self) -> StationBackend | None:
        from rushes.shots.of_station import StationBackend

        with self._lock:
            web = self._web()
            if self._far is None and web:
                self._far = StationBackend(web)
            return self._far
