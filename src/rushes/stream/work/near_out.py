"""Frames out to workers of this machine: the pixels as they are, in shared memory, and no server."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.errors import FrameError
from rushes.stream import encoding, parcel
from rushes.stream.copies import Copies
from rushes.stream.outgoing import Outgoing, put_at_once
from rushes.stream.wire_out import Kept, header_of
from rushes.stream.work.near_link import check_keys
from rushes.stream.work.near_memory import Memory
from rushes.wire import near
from rushes.wire.message import MAX_BYTES
from rushes.wire.near_desk import NearDesk

if TYPE_CHECKING:
    import os

    from rushes.frame import Frame
    from rushes.metrics import Edge
    from rushes.stream.numbering import Place
    from rushes.stream.wire_out import Packing
    from rushes.wire.endpoint import Endpoint

__all__ = ["NearOut"]

_log = logging.getLogger("rushes.stream")
_WAITING = 4
_SLICE_S, _GLANCE_S, _STILL_S = 0.1, 0.002, 2.0


class _End(NamedTuple):
    address: str


class _Job(NamedTuple):
    kept: Kept
    place: Place
    meta: dict[str, Any]


class NearOut:
    """As :class:`rushes.stream.work.work_out.WorkOut`, on this machine: a frame is sent when it lies in shared memory,
    and known to whom it is given. The caller copies it there, and waits for a slot under "block".
    """

    def __init__(
        self,
        endpoint: Endpoint,
        packing: Packing,
        tracks: tuple[str, ...],
        *,
        keys: str | os.PathLike[str] | None,
        edge: Edge,
        name: str,
    ) -> None:
        check_keys(endpoint, keys)
        self._policy, self._edge, self._name = packing.policy, edge, name
        self.end = _End(endpoint.shown)
        self.bytes = 0
        self._indices: dict[int, int] = {}
        self._places: dict[int, near.Place] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._copies = Copies(_WAITING + 1)
        most = endpoint.options.get("hwm")
        self._memory = Memory(self._made, None if most is None else int(most))
        self._desk = NearDesk(
            endpoint.name, shown=endpoint.shown, tracks=tracks, room=self._memory.slots, on_free=self._free
        )
        # Where the oldest goes, it must wait outside: what has an index is waited for.
        self._out: Outgoing[_Job] | None = None
        if packing.policy == "drop_oldest":
            self._out = Outgoing(
                encode=lambda job: job,
                emit=self._emit,
                edge=edge,
                workers=1,
                room=_WAITING,
                policy=packing.policy,
                name=name,
            )

    def hold(self, frame: Frame) -> Kept:
        """The frame to be put, with pixels that nobody else changes until then."""
        return Kept(frame, None) if self._out is None else Kept(*self._copies.of(frame))

    def put(self, kept: Kept, place: Place, meta: dict[str, Any]) -> str:
        """ "" when the frame was taken, else why it was not."""
        job = _Job(kept, place, meta)
        if self._out is not None:
            return self._out.put(job)
        return put_at_once(self._edge, lambda: self._store(job, wait=self._policy == "block"))

    def close(self) -> None:
        """Waits for workers as long as there is less to do from second to second; what is left they tell of."""
        if self._out is None:
            self._wait_worked()
        self._closing = True
        if self._out is not None:
            self._out.stop()
            self._wait_worked()
        left = self._desk.outstanding
        if left:
            _log.warning("%s ends with %d frames that nobody has finished", self._name, left)
        self._desk.close()
        self._memory.close()

    def _emit(self, job: _Job, made: Any) -> None:
        reason = self._store(job, wait=True)
        self._copies.give_back(job.kept.copy)
        if reason:
            self._edge.drop(reason)
        else:
            self._edge.deliver()

    def _store(self, job: _Job, *, wait: bool) -> str:
        made = encoding.to_raw(job.kept.frame)
        if (size := memoryview(made.payload).nbytes) > MAX_BYTES:
            raise FrameError(
                f"a frame of {size} bytes is over the {MAX_BYTES} of a frame to be worked on: scale it down"
            )
        header = header_of(job.kept.frame, job.place, job.meta, made, self._name, False)
        run = job.place.run
        index = self._indices.get(run, 0)
        head = parcel.pack(parcel.Parcel(header=header, index=index))
        frame = near.Frame(run, index, job.place.number)
        while not self._desk.wait_room(_SLICE_S if wait else 0.0):
            if self._closing:
                return "stopped"
            if not wait:
                return "full"
        while (place := self._memory.put(frame, made.payload)) is None:
            if self._closing or not wait:
                return "stopped" if self._closing else "full"
            time.sleep(_GLANCE_S)
        self._indices = {run: index + 1}
        with self._lock:
            key = self._desk.offer(frame, head, place)
            self._places[key] = place
        self.bytes += header.length
        return ""

    def _free(self, key: int) -> None:
        with self._lock:
            place = self._places.pop(key)
        self._memory.give_back(place)

    def _made(self, depot: str) -> None:
        self._desk.room = self._memory.slots
        self._desk.announce(depot)

    def _wait_worked(self) -> None:
        until, before = time.monotonic() + _STILL_S, -1
        while (left := self._desk.outstanding) and time.monotonic() < until:
            if left != before:
                until, before = time.monotonic() + _STILL_S, left
            time.sleep(_GLANCE_S)
