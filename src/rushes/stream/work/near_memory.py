"""Where frames lie while workers of this machine look at them: a depot, and another one when that does not do."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.depot import Depot
from rushes.stream.depot_out import NOTE
from rushes.wire import near

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.depot import Lease

__all__ = ["ROOM", "Memory"]

ROOM = 8, 64
"""How many frames may be out at least, and at most, where nobody says."""

_log = logging.getLogger("rushes.stream")
_BYTES = 128 << 20
_LEAST_BYTES = 64 * 1024
_SPARE = 5
_PARTICIPANTS = 256
_STUCK_S, _MOST_OLD = 0.5, 3


class Memory:
    """``put`` by one thread at a time; a slot is used again when it was given back here, and nobody looks at it any
    more. ``on_made(name)`` tells of each depot before anything lies in it. ``room``: how many frames may be out; None:
    as many as fit into 128 MiB, within ``ROOM``.

    Pictures that are larger than before get a larger depot. So do those that find every slot looked at by somebody
    who keeps what he was given, until that is the fate of three depots. Depots are nameless: nothing is left of
    them, however the process ends.
    """

    def __init__(self, on_made: Callable[[str], object], room: int | None = None) -> None:
        self._on_made = on_made
        self._room = room
        self._lock = threading.Lock()
        self._depot: Depot | None = None
        self._leases: dict[tuple[str, int], Lease] = {}
        self._old: dict[str, Depot] = {}
        self._stuck_s: float | None = None

    @property
    def slots(self) -> int:
        """How many frames may be out at once."""
        return self._depot.slots - _SPARE if self._depot is not None else self._room or ROOM[0]

    def put(self, frame: near.Frame, payload: Any) -> near.Place | None:
        """Where it lies now; None when every slot is looked at by somebody. DepotError when there is no memory."""
        flat = np.frombuffer(payload, np.uint8)
        depot = self._for(flat.nbytes)
        stored = depot.put(
            flat if flat.nbytes else np.zeros(1, np.uint8),
            number=frame.number,
            meta={NOTE: {"run": frame.run, "index": frame.index}},
        )
        lease = depot.next(stored.sequence - 1, timeout_s=0) if stored else None
        if lease is None:
            self._stuck_s = self._stuck_s or time.monotonic()
            return None
        self._stuck_s = None
        with self._lock:
            self._leases[depot.name, stored.sequence] = lease
        return near.Place(depot.name, stored.sequence, flat.nbytes)

    def give_back(self, place: near.Place) -> None:
        """Nobody needs it any more."""
        with self._lock:
            lease = self._leases.pop((place.depot, place.sequence), None)
        if lease is not None:
            lease.release()
        self._tidy()

    def close(self) -> None:
        """Gives all back."""
        with self._lock:
            depots = [*self._old.values(), *([self._depot] if self._depot is not None else [])]
            leases = list(self._leases.values())
            self._leases.clear()
            self._old.clear()
            self._depot = None
        for lease in leases:
            lease.release()
        for depot in depots:
            depot.close()

    def _for(self, nbytes: int) -> Depot:
        depot, stuck = self._depot, False
        if depot is not None and depot.slot_bytes >= nbytes:
            stuck = self._stuck_s is not None and time.monotonic() - self._stuck_s > _STUCK_S
            if not stuck:
                return depot
            self._stuck_s = time.monotonic()
            holders = ", ".join(map(str, sorted({each.pid for each in depot.leases()})))
            _log.warning("frames are kept by processes %s, copy those that are to last", holders)
            self._tidy()
            if len(self._old) >= _MOST_OLD:
                return depot
        # Pictures that grow grow on: with room to spare, or each somewhat larger one needs a new depot.
        size = max(nbytes if depot is None else max(nbytes * 3 // 2, depot.slot_bytes), _LEAST_BYTES)
        if stuck and depot is not None:
            size = depot.slot_bytes
        least, most = ROOM
        made = Depot.create(
            slots=(self._room or max(least, min(most, _BYTES // size))) + _SPARE,
            slot_bytes=size,
            when_full="drop_oldest",
            participants=_PARTICIPANTS,
        )
        with self._lock:
            self._depot = made
            if depot is not None:
                self._old[depot.name] = depot
        self._tidy()
        self._on_made(made.name)
        return made

    def _tidy(self) -> None:
        """Closes the old depots of which nobody looks at anything."""
        if not self._old:
            return
        with self._lock:
            busy = {depot for depot, _ in self._leases}
            over = [depot for name, depot in self._old.items() if name not in busy and not depot.leases()]
            for depot in over:
                del self._old[depot.name]
        for depot in over:
            depot.close()
