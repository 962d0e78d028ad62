"""Frames into the hub's store of work: encoded on threads, published in order, safe before they count as sent."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.errors import ClosedError, ConfigError, DeadlineExceeded, RushesError
from rushes.stream import encoding, parcel
from rushes.stream.copies import Copies
from rushes.stream.outgoing import Outgoing
from rushes.stream.wire_out import Kept, header_of
from rushes.stream.work.hubs import HubEnd
from rushes.wire.jet_names import work_subject

if TYPE_CHECKING:
    import os

    from rushes.frame import Frame
    from rushes.metrics import Edge
    from rushes.stream.encoding import Encoded
    from rushes.stream.numbering import Place
    from rushes.stream.wire_out import Packing
    from rushes.wire.endpoint import Endpoint
    from rushes.wire.message import Header

__all__ = ["WorkOut"]

_log = logging.getLogger("rushes.stream")
_ROOM = 4
_MOST_HOLES = 4096
_SLICE_S = 0.1
_FLUSH_S, _STILL_S = 5.0, 2.0
# A frame that kills whoever works on it is given up by workers, who can say so, and not by the server, who cannot.
_SERVER_TRIES = 1000


class _Job(NamedTuple):
    kept: Kept
    place: Place
    meta: dict[str, Any]


class WorkOut:
    """As :class:`rushes.stream.wire_out.WireOut`, to workers of the ``tracks``: each sees every frame once.

    Under "block" a full store is waited for; else frames that find no room in the window of publishes are dropped
    as "full". ``close`` waits for what was published to be stored, and at a hub of its own also for the work to
    be done, as long as it gets less.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        packing: Packing,
        tracks: tuple[str, ...],
        *,
        keys: str | os.PathLike[str] | None,
        insecure: bool,
        edge: Edge,
        name: str,
    ) -> None:
        if packing.codec != "jpeg":
            raise ConfigError(
                f"codec {packing.codec!r} cannot be dealt out frame by frame through a hub: use 'jpeg'",
                option="codec",
            )
        self._packing, self._edge, self._name, self._tracks = packing, edge, name, tracks
        self._copies = Copies(_ROOM + packing.workers)
        self._indices: dict[int, int] = {}
        self._holes: deque[parcel.Parcel] = deque(maxlen=_MOST_HOLES)
        self._closing = False
        self.bytes = 0
        bind = endpoint.scheme == "tcp"
        self.end = HubEnd(
            endpoint, "streamer", bind=bind, keys=keys, insecure=insecure, on_event=self._on_event
        )
        try:
            self.end.jet.work_stream(self.end.stream, tracks, max_deliver=_SERVER_TRIES)
        except BaseException:  # whatever it is, the hub must not stay behind
            self.end.close()
            raise
        self._out = Outgoing(
            encode=self._encode,
            emit=self._emit,
            edge=edge,
            workers=packing.workers,
            room=_ROOM,
            policy=packing.policy,
            name=name,
        )

    def hold(self, frame: Frame) -> Kept:
        """The frame to be put, with pixels that nobody else changes."""
        return Kept(*self._copies.of(frame))

    def put(self, kept: Kept, place: Place, meta: dict[str, Any]) -> str:
        """ "" when the frame was taken, else why it was not."""
        return self._out.put(_Job(kept, place, meta))

    def close(self) -> None:
        """See above; what is not safe by then is counted as dropped."""
        if self._packing.policy == "block":
            self._finish_queue()
        self._closing = True
        self._out.stop()
        self._fill_holes()
        self._wait_stored()
        if self.end.hub is not None:
            self._wait_worked()
        self.end.close()

    def _finish_queue(self) -> None:
        """Nothing that ``send`` accepted is dropped while the hub takes frames at all."""
        until, before = time.monotonic() + _FLUSH_S, -1
        while (waiting := self._edge.stats().waiting) and time.monotonic() < until:
            if waiting != before:
                until, before = time.monotonic() + _FLUSH_S, waiting
            time.sleep(_SLICE_S / 10)

    def _wait_stored(self) -> None:
        until = time.monotonic() + _FLUSH_S
        while self.end.jet.unconfirmed and time.monotonic() < until:
            time.sleep(_SLICE_S / 10)

    def _wait_worked(self) -> None:
        """The hub ends with us: work, and results that are kept here too, have a while to be taken away."""
        until, before = time.monotonic() + _STILL_S, (-1, -1)
        while time.monotonic() < until:
            try:
                left = self._left()
            except RushesError as error:
                _log.warning("%s does not say what is left in it: %s", self._name, error)
                return
            if left == (0, 0):
                return
            if left != before:
                until, before = time.monotonic() + _STILL_S, left
            time.sleep(_SLICE_S / 2)
        fate = "deleted" if self.end.temporary else "kept for the next start"
        _log.warning("%s ends with %d frames and %d results that nobody took: %s", self._name, *before, fate)

    def _left(self) -> tuple[int, int]:
        """How many frames, over all tracks, and results are in the hub."""
        backlog = self.end.jet.backlog(self.end.stream, self._tracks)
        works = sum(each.waiting + each.in_flight for each in backlog.values())
        return works, self.end.jet.results_left(self.end.stream)

    def _encode(self, job: _Job) -> Encoded:
        made = encoding.to_jpeg(job.kept.frame, self._packing.quality)
        if memoryview(made.payload).nbytes > parcel.MAX_PAYLOAD_BYTES:
            raise ConfigError(
                f"a frame of {memoryview(made.payload).nbytes} bytes is more than a hub passes on",
                option="frame",
            )
        return made

    def _emit(self, job: _Job, made: Encoded) -> None:
        self._fill_holes()
        header = header_of(job.kept.frame, job.place, job.meta, made, self._name, False)
        index = self._indices.get(job.place.run, 0)
        sent = parcel.Parcel(header=header, index=index)
        ticket = self._published(header, index, parcel.pack(sent), made.payload)
        if ticket is None:
            self._copies.give_back(job.kept.copy)
            return
        self._indices = {job.place.run: index + 1}
        ticket.on_done(lambda error: self._stored(job, sent, error))

    def _fill_holes(self) -> None:
        """Says of what the hub refused for good that it will not come: later ones are on their way, and the receiver
        would wait for it.
        """
        subject = work_subject(self.end.stream)
        for _ in range(len(self._holes)):
            lost = self._holes.popleft()
            message_id = parcel.work_id(self.end.stream, lost.header.run, lost.index)
            try:
                ticket = self.end.jet.publish(subject, message_id, parcel.pack(lost), b"", timeout_s=_SLICE_S)
            except RushesError:
                self._holes.appendleft(lost)
                return
            ticket.on_done(partial(self._filled, lost))

    def _filled(self, lost: parcel.Parcel, error: RushesError | None) -> None:
        if error is not None:
            self._holes.append(lost)

    def _published(self, header: Header, index: int, head: bytes, payload: Any) -> Any:
        """The ticket; None when it was dropped, and then the ``index`` is the next frame's."""
        link, subject = self.end.jet, work_subject(self.end.stream)
        message_id = parcel.work_id(self.end.stream, header.run, index)
        while True:
            with contextlib.suppress(DeadlineExceeded):
                wait_s = _SLICE_S if self._packing.policy == "block" else 0.0
                try:
                    return link.publish(subject, message_id, head, payload, timeout_s=wait_s, wait_full=True)
                except ClosedError:
                    self._edge.drop("stopped")
                    return None
            if self._closing or self._packing.policy != "block":
                self._edge.drop("stopped" if self._closing else "full")
                return None

    def _stored(self, job: _Job, sent: parcel.Parcel, error: RushesError | None) -> None:
        self._copies.give_back(job.kept.copy)
        if error is None:
            self._edge.deliver()
            self.bytes += sent.header.length
            return
        if not self._closing:
            _log.warning("frame %d was not taken: %s", sent.header.number, error)
            self._holes.append(parcel.tombstone(sent, "error", f"it was not taken: {error}"))
        self._edge.drop("stopped" if self._closing else "hub")

    def _on_event(self, what: str, detail: Any) -> None:
        """What matters of it comes back with each publish."""
