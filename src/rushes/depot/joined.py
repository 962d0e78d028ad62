"""Depots of others, joined when first wanted and again after they were made anew: for who looks at a station."""

from __future__ import annotations

import threading

from rushes.depot.depot import Depot
from rushes.errors import ClosedError, ConfigError, DepotError
from rushes.lifecycle import Closeable

__all__ = ["Joined"]


class Joined(Closeable):
    """Joined read-only, by name. Any thread may call."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._held: dict[str, Depot] = {}

    def get(self, name: str) -> Depot | None:
        """The depot of that name, joined; None while there is none, or when it cannot be joined.

        A handle given earlier is closed when its depot was replaced by another of the same name: whoever waits on
        it gets ClosedError, and asks here again. Do not close what is given here.
        """
        self._check_open()
        if not name:
            return None
        with self._lock:
            held = self._held.get(name)
        if held is not None and not _replaced(held):
            return held
        # Under no lock: one name that is slow to join must not keep those away who ask for others.
        given, lost = self._settle(name, held, _join(name))
        for depot in lost:
            depot.close()
        self._check_open()
        return given

    def _settle(self, name: str, held: Depot | None, fresh: Depot | None) -> tuple[Depot | None, list[Depot]]:
        """(what all are given from now on, what is to be closed), by whoever joined first."""
        found = [each for each in (held, fresh) if each is not None]
        with self._lock:
            now = self._held.get(name)
            if now is not None and now is not held:
                return now, found
            self._held.pop(name, None)
            # Once closed, nobody would come by again to leave it.
            if fresh is None or self.closed:
                return None, found
            self._held[name] = fresh
        return fresh, [] if held is None else [held]

    def keep(self, names: set[str]) -> None:
        """Leaves every depot that is none of ``names``."""
        with self._lock:
            gone = [self._held.pop(name) for name in list(self._held) if name not in names]
        for depot in gone:
            depot.close()

    def _close(self) -> None:
        self.keep(set())


def _replaced(depot: Depot) -> bool:
    try:
        return depot.unlinked
    except ClosedError:
        return True


def _join(name: str) -> Depot | None:
    try:
        return Depot.attach(name)
    except (DepotError, ConfigError):  # none, another version's, or no row free
        return None
