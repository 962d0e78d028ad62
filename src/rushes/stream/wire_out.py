"""Frames onto the wire: encoded on threads, published in order."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.clock import SYSTEM
from rushes.errors import ClosedError
from rushes.figures import to_plain
from rushes.stream import encoding
from rushes.stream.copies import Copies
from rushes.stream.h264 import VideoEncoder
from rushes.stream.key_frames import KeyFrames
from rushes.stream.outgoing import Outgoing
from rushes.stream.relay import is_relayed, open_out
from rushes.stream.seldom import Seldom
from rushes.stream.slack import Slack
from rushes.wire.message import DESCRIPTOR, PIXELS, Header, pack
from rushes.wire.zmq_link import Publisher

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rushes.frame import Frame
    from rushes.metrics import Edge
    from rushes.stream.encoding import Encoded
    from rushes.stream.numbering import Place
    from rushes.wire.endpoint import Endpoint
    from rushes.wire.jet_live_out import LivePublisher
    from rushes.wire.keys import Keys

__all__ = ["Kept", "Packing", "WireOut", "header_of"]

_log = logging.getLogger("rushes.stream")
_ROOM = 4
# libzmq learns only now and then what a receiver has taken: with fewer, short bursts lose frames on a fast link.
_HWM, _HWM_RAW = 12, 6
_MOST_MARKS = 16
_SETTLES = 0.1  # how fast the mean of the encoder's times follows them


class Packing(NamedTuple):
    """How frames are encoded: ``codec`` and ``quality``, on how many ``workers``, and what happens when frames come
    faster than that, or than they can be taken away (``policy``).
    """

    codec: str
    quality: int
    workers: int
    policy: str


class Kept(NamedTuple):
    """A frame, and the copy that its pixels are if they had to be copied."""

    frame: Frame
    copy: NDArray[Any] | None


class _Job(NamedTuple):
    frame: Frame
    place: Place
    meta: dict[str, Any]
    copy: NDArray[Any] | None


class WireOut:
    """``put`` counts each frame into ``edge``: offered, then sent, or dropped for a reason. Over a bound socket, or a
    hub whose keys are in ``folder``; ``on_event`` tells what :class:`Publisher` says.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        packing: Packing,
        *,
        keys: Keys | None,
        folder: str | os.PathLike[str] | None,
        insecure: bool,
        edge: Edge,
        name: str,
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._packing, self._edge, self._name = packing, edge, name
        # Pictures that build upon each other are coded by one thread.
        workers = 1 if packing.codec == "h264" else packing.workers
        self._video = VideoEncoder(packing.quality) if packing.codec == "h264" else None
        self._key_frames = KeyFrames()
        self._copies = Copies(_ROOM + workers)
        self._slack = Slack()
        self._encoding_s = 0.0
        self._newest: dict[str, Place] = {}
        self._lossless = packing.policy == "block"
        self._closing = False
        self._warns = Seldom()
        self.bytes = 0
        self._relay = open_out(endpoint, folder, on_event) if is_relayed(endpoint) else None
        hwm = int(endpoint.options.get("hwm", _HWM_RAW if packing.codec == "raw" else _HWM))
        self.link: Publisher | LivePublisher = self._relay or Publisher(
            endpoint, keys=keys, insecure=insecure, hwm=hwm, lossless=self._lossless, on_event=on_event
        )
        self._out = Outgoing(
            encode=self._encode,
            emit=self._emit,
            edge=edge,
            workers=workers,
            room=_ROOM,
            policy=packing.policy,
            name=name,
            on_idle=self._mark,
        )

    def wants(self, topic: bytes) -> bool:
        """Whether any receiver asked for that topic. AccessDenied when a hub does not let this end in."""
        if self._relay is not None and self._relay.denied is not None:
            raise self._relay.denied
        return self.link.subscribed(topic) > 0

    def hold(self, frame: Frame) -> Kept:
        """The frame to be put, with pixels that nobody else changes."""
        return Kept(*self._copies.of(frame))

    def may_encode_here(self, frame: Frame) -> bool:
        """Whether the calling thread is to encode this frame: see :class:`Slack`."""
        fits = self._packing.codec == "jpeg" and not self._lossless and encoding.fits_jpeg(frame)
        return (
            self._slack.begin(time.monotonic(), time.thread_time(), threading.get_ident(), self._encoding_s)
            and fits
        )

    def put_here(self, frame: Frame, place: Place, meta: dict[str, Any]) -> bool:
        """Encodes and sends it before this returns; False when it would overtake others, and was not taken."""
        return self._out.put_here(_Job(frame, place, meta, None))

    def returns(self) -> None:
        """The call that asked whether it may encode comes to its end."""
        self._slack.end(time.monotonic(), time.thread_time())

    def put(self, kept: Kept | None, place: Place, meta: dict[str, Any]) -> str:
        """ "" when the frame was taken, else why it was not. None stands for one that no receiver wants."""
        if kept is None:
            self._edge.offer()
            self._edge.drop("no receiver")
            return ""
        return self._out.put(_Job(kept.frame, place, meta, kept.copy))

    def announce(self, depot: str, head: int) -> None:
        """Tells receivers on this machine where the pixels are from now on, after which place; "": nowhere."""
        header = Header(
            stream=self._name,
            run=0,
            number=0,
            captured_ns=0,
            sent_ns=SYSTEM.wall_ns(),
            codec="shm",
            format="",
            shape=(),
            length=0,
            meta={"depot": depot, "after": head},
        )
        try:
            self.link.publish(DESCRIPTOR, pack(header), b"", sent=lambda sent: self._told(sent, depot, head))
        except ClosedError:
            return

    def want_key(self) -> None:
        """A receiver can decode nothing before the next key frame."""
        self._key_frames.want()

    def close(self) -> None:
        """What is being encoded is still sent, the rest dropped as "stopped"."""
        if self._lossless:
            self._closing = True
            self.link.give_up()  # it may wait for a receiver who takes nothing
        self._out.stop()
        self._closing = True
        self.link.close()
        if self._video is not None:
            self._video.close()

    def _told(self, sent: bool, depot: str, head: int) -> None:
        if not sent and not self._closing:
            self.announce(depot, head)  # frames took its place, but without it nobody finds the depot

    def _encode(self, job: _Job) -> Encoded:
        if self._packing.codec == "raw":
            return encoding.to_raw(job.frame)
        if self._video is not None:
            key = self._key_frames.due(job.place.track, time.monotonic())
            made = self._video.encode(job.frame, job.place, key=key)
        else:
            begun_s = time.monotonic()
            made = encoding.to_jpeg(job.frame, self._packing.quality)
            took_s = time.monotonic() - begun_s
            self._encoding_s += (took_s - self._encoding_s) * (_SETTLES if self._encoding_s else 1.0)
        if not _over_copy(made, job):
            self._copies.give_back(job.copy)
        return made

    def _emit(self, job: _Job, made: Encoded) -> None:
        payload = memoryview(made.payload)
        size, copy = payload.nbytes, job.copy
        header = pack(header_of(job.frame, job.place, job.meta, made, self._name, self._lossless))
        if self._relay is not None and self._relay.refuses(header, size):
            self._too_large(size)
            if _over_copy(made, job):
                self._copies.give_back(copy)
            return
        done = None
        if copy is not None and _over_copy(made, job):

            def done(sent: bool) -> None:
                self._copies.give_back(copy)

        try:
            self.link.publish(PIXELS, header, payload, sent=lambda sent: self._sent(sent, size), done=done)
            # Not before: whoever says that it is quiet must not overtake the frame.
            self._newest[job.place.track] = job.place
        except ClosedError:
            self._edge.drop("stopped")

    def _too_large(self, size: int) -> None:
        self._edge.drop("too large")
        self._key_frames.want()
        if self._warns.due():
            _log.warning(
                "%s: a frame of %d bytes is more than the hub passes on: use codec='jpeg', or smaller frames",
                self.link.name,
                size,
            )

    def _mark(self) -> None:
        """Says which numbers were the newest: a receiver whom the last ones did not reach could not know otherwise."""
        for place in list(self._newest.values())[:_MOST_MARKS]:
            header = Header(
                stream=self._name,
                run=place.run,
                number=place.number,
                captured_ns=0,
                sent_ns=SYSTEM.wall_ns(),
                track=place.track,
                codec="mark",
                format="",
                shape=(),
                length=0,
            )
            with contextlib.suppress(ClosedError):
                self.link.publish(PIXELS, pack(header), b"")

    def _sent(self, sent: bool, size: int) -> None:
        if sent:
            self._edge.deliver()
            self.bytes += size
        else:
            nobody = self._relay is not None and not self._relay.peers
            self._edge.drop("stopped" if self._closing else "no receiver" if nobody else "full")
            self._key_frames.want()  # what builds upon it is of no use now


def header_of(
    frame: Frame, place: Place, meta: dict[str, Any], made: Encoded, name: str, waits: bool
) -> Header:
    """What the message says of its payload."""
    return Header(
        stream=frame.channel or name,
        run=place.run,
        number=place.number,
        captured_ns=frame.captured_ns,
        sent_ns=SYSTEM.wall_ns(),
        track=place.track,
        codec=made.codec,
        format=made.format,
        dtype=made.dtype,
        shape=made.shape,
        length=memoryview(made.payload).nbytes,
        key=made.key,
        figures=[to_plain(each) for each in frame.figures],
        waits=waits,
        meta=meta,
    )


def _over_copy(made: Encoded, job: _Job) -> bool:
    """Whether what is sent lies in the copy itself."""
    return made.codec == "raw" or (made.codec == "jpeg" and job.frame.format == "jpeg")
