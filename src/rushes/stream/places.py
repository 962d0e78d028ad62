"""Payloads where they lie: in depots of a streamer on this machine, looked at from another process."""

from __future__ import annotations

import contextlib
import logging
import weakref
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rushes.depot import Depot
from rushes.errors import RushesError, WriterGone
from rushes.stream.depot_out import NOTE
from rushes.wire import near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from rushes.depot import Lease

__all__ = ["Places", "place_of"]

_log = logging.getLogger("rushes.stream")


class _Placed(np.ndarray[Any, np.dtype[np.uint8]]):
    """Bytes in a depot that know their place."""

    place: near.Place


def place_of(payload: Any) -> near.Place | None:
    """Where all of the payload lies, if it came from :meth:`Places.look`."""
    view = memoryview(payload)
    place = getattr(view.obj, "place", None)
    return place if isinstance(place, near.Place) and place.length == view.nbytes else None


class Places:
    """Looks into depots, one thread at a time; each is joined at first use, and left when frames lie in another one
    by now and nothing of it is looked at. ``most`` payloads at once are looked at where they lie, and of others copies
    are made: whoever collects frames must not stop the stream.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._depots: dict[str, Depot] = {}
        self._newest = ""
        self._views: dict[str, list[weakref.ref[_Placed]]] = {}

    def join(self, depot: str) -> None:
        """Frames lie in that one from now on."""
        if self._joined(depot) is not None:
            self._newest = depot
            self._tidy()

    def look(self, place: near.Place) -> memoryview | None:
        """The payload, read-only, and where it lies its slot is kept for as long as any view of it lives. None when it
        is not there.
        """
        depot = self._joined(place.depot)
        if depot is None:
            return None
        self._tidy(place.depot)
        lease = _at(depot, place.sequence)
        if lease is None or lease.array.nbytes < place.length:
            return None
        copied = sum(map(self._alive, list(self._views))) >= self._most
        placed = lease.array[: place.length].view(_Placed)
        if copied:
            placed = placed.copy()
            placed.flags.writeable = False
        placed.place = place
        if copied:
            return memoryview(cast("Buffer", placed))
        self._views.setdefault(place.depot, []).append(weakref.ref(placed))
        return memoryview(cast("Buffer", placed))

    def frames(self) -> list[near.Frame]:
        """All that lie in the depots now, oldest first."""
        found: list[near.Frame] = []
        for depot in self._depots.values():
            for lease in _all(depot):
                with lease:
                    note = lease.meta.get(NOTE)
                    if isinstance(note, dict):
                        found.append(near.Frame(note["run"], note["index"], lease.number))
        return found

    def leave(self) -> None:
        """Leaves all depots; views stay as they are."""
        for name in list(self._depots):
            self._leave(name)

    def _joined(self, name: str) -> Depot | None:
        depot = self._depots.get(name)
        if depot is None:
            try:
                depot = self._depots[name] = Depot.attach(name)
            except RushesError as error:
                _log.warning("frames that lie in %s cannot be looked at: %s", name, error)
                return None
        return depot

    def _tidy(self, used: str = "") -> None:
        if len(self._depots) > 1:
            for name in list(self._depots):
                if name not in (used, self._newest) and not self._alive(name):
                    self._leave(name)

    def _alive(self, name: str) -> int:
        views = [each for each in self._views.get(name, ()) if each() is not None]
        self._views[name] = views
        return len(views)

    def _leave(self, name: str) -> None:
        self._depots.pop(name).close()
        if not self._alive(name):
            del self._views[name]


def _at(depot: Depot, sequence: int) -> Lease | None:
    with contextlib.suppress(WriterGone):
        lease = depot.next(sequence - 1, timeout_s=0)
        if lease is not None and lease.sequence == sequence:
            return lease
    return None


def _all(depot: Depot) -> Iterator[Lease]:
    after = -1
    with contextlib.suppress(WriterGone):
        while (lease := depot.next(after, timeout_s=0)) is not None:
            after = lease.sequence
            yield lease
