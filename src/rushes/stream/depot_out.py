"""Frames to receivers on the same machine: the pixels go into a depot, and only its name is told."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rushes.depot import Depot, list_depots
from rushes.errors import ClosedError, DepotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.stream.numbering import Place

__all__ = ["NOTE", "DepotOut"]

_log = logging.getLogger("rushes.stream")
NOTE = "\0stream"
"""The key in a frame's meta under which the two ends talk about it; no text that anyone types."""
_LEAST_BYTES = 64 * 1024
_JOIN_S, _GLANCE_S = 1.0, 0.002
_REASONS = {"leased": "full", "no consumer": "no receiver", "timeout": "full"}


class DepotOut:
    """A depot that is made when the first frame tells its size, and anew when a larger one comes.

    ``name`` None draws one nobody can guess, for a depot that is announced over another link. ``on_made()`` is
    called for each depot before anything is in it, and when none can be had. Any thread may put; frames stand in
    the order of puts.
    """

    def __init__(
        self,
        name: str | None,
        *,
        slots: int,
        when_full: Literal["drop_oldest", "drop_newest", "block"],
        on_made: Callable[[], object] = lambda: None,
    ) -> None:
        self._fixed, self._slots, self._when_full, self._on_made = name, slots, when_full, on_made
        self._lock = threading.Lock()
        self._depot: Depot | None = None
        self._broken = self._closed = False
        self._expected_s = 0.0
        self._readers_before = False

    @property
    def name(self) -> str:
        """The name of the depot that frames go to now; "" before the first one and when none can be had."""
        depot = self._depot
        return depot.name if depot is not None else ""

    @property
    def head(self) -> int:
        """The place of the newest frame in it, -1 while there is none."""
        depot = self._depot
        return depot.head if depot is not None else -1

    @property
    def broken(self) -> bool:
        """Whether no depot can be had on this machine."""
        return self._broken

    @property
    def readers(self) -> int:
        """How many read it now."""
        depot = self._depot
        return len(depot.stats().consumers) if depot is not None else 0

    def put(self, frame: Frame, place: Place, meta: dict[str, Any], channel: str) -> str:
        """ "" when the frame lies in the depot, else why not. DepotError when none can be made under a fixed name."""
        try:
            return self._stored(_told(frame, place, meta, channel))
        except ClosedError:
            return "stopped"  # while it waited for room

    def _stored(self, frame: Frame) -> str:
        depot = self._room_for(frame)
        if depot is None:
            return "stopped" if self._closed else "full"
        result = depot.put(frame)
        while result.reason == "no consumer" and time.monotonic() < self._expected_s:
            time.sleep(_GLANCE_S)  # it was announced just now: whoever asked for it is on the way
            result = depot.put(frame)
        return "" if result.stored else _REASONS.get(result.reason or "", "full")

    def close(self) -> None:
        """Ends the depot's name; receivers keep what they hold."""
        self._closed = True  # before the lock: somebody may wait for readers under it
        with self._lock:
            self._drop()

    def _room_for(self, frame: Frame) -> Depot | None:
        # Coded pictures are of any size: with room to spare, or every somewhat larger one needs a new depot.
        nbytes = max(frame.array.nbytes * (2 if frame.format == "jpeg" else 1), _LEAST_BYTES)
        depot = self._depot
        if depot is not None and depot.slot_bytes >= frame.array.nbytes:
            return depot
        with self._lock:
            if self._closed or self._broken:
                return None
            if self._depot is None or self._depot.slot_bytes < frame.array.nbytes:
                self._await_readers()
                self._drop()
                self._depot = self._make(nbytes)
            made = self._depot
        self._on_made()
        return made

    def _await_readers(self) -> None:
        """Whoever loses nothing reads a depot to its end before it goes to the next: there would be nobody to wait for
        in the new one.
        """
        depot = self._depot
        if depot is None or self._when_full != "block":
            return
        while not self._closed and any(each.waiting for each in depot.stats().consumers):
            time.sleep(_GLANCE_S)

    def _make(self, nbytes: int) -> Depot | None:
        if self._fixed is None or self._readers_before:
            self._expected_s = time.monotonic() + _JOIN_S
        try:
            return Depot.create(
                self._fixed or f"stream-{secrets.token_hex(8)}",
                slots=self._slots,
                slot_bytes=nbytes,
                when_full=self._when_full,
                # Receivers may still be in what a dead streamer left; what another one writes to is never taken.
                replace="never" if _has_writer(self._fixed) else "always",
            )
        except DepotError as error:
            if self._fixed is not None:
                raise
            _log.warning(
                "receivers on this machine get coded frames too, for want of shared memory: %s", error
            )
            self._broken = True
            return None

    def _drop(self) -> None:
        if self._depot is not None:
            self._readers_before = bool(self._depot.stats().consumers)
            self._depot.unlink()
            self._depot.close()
            self._depot = None


def _told(frame: Frame, place: Place, meta: dict[str, Any], channel: str) -> Frame:
    """The frame with all that receivers are told of it. A depot takes no array without pixels or without dimensions:
    in place of such a one goes a row of its bytes, and what it was.
    """
    array = frame.array
    note: dict[str, Any] = {"run": place.run}
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
        frame = replace(frame, array=array)
    if not array.size or not array.ndim:
        note |= {"dtype": array.dtype.str, "shape": list(array.shape)}
        array = np.frombuffer(array.tobytes() or b"\0", np.uint8)
        frame = replace(frame, array=array, format="array")
    return replace(frame, number=place.number, track=place.track, channel=channel, meta={**meta, NOTE: note})


def _has_writer(name: str | None) -> bool:
    return any(each.name == name and each.writers for each in list_depots()) if name is not None else False
