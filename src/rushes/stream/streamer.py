"""The sending end of a stream."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import ConfigError, unknown_name
from rushes.lifecycle import Closeable
from rushes.metrics import Edge
from rushes.stream import encoding
from rushes.stream.depot_out import DepotOut
from rushes.stream.given import as_frame, check_told, whole_meta
from rushes.stream.numbering import Numbering
from rushes.stream.options import (
    check_codec,
    check_count,
    check_name,
    check_policy,
    check_tracks,
    is_hubbed,
    load_keys,
)
from rushes.stream.outgoing import put_at_once
from rushes.stream.records import SendResult, StreamStats
from rushes.stream.relay import check_relay, is_relayed
from rushes.stream.testcard import play
from rushes.stream.wire_out import Packing, WireOut
from rushes.wire.endpoint import parse
from rushes.wire.message import DESCRIPTOR, KEY_WANTED, PIXELS

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from rushes.frame import Frame
    from rushes.stream.numbering import Place
    from rushes.stream.work.near_out import NearOut
    from rushes.stream.work.work_out import WorkOut

__all__ = ["Streamer"]

_SLOTS = 8
_LOOK_S = 0.01


class Streamer(Closeable):
    """Sends frames to any number of receivers, none of which can hold up the others or this end.

    ``endpoint``  where receivers find it: "tcp://127.0.0.1:5555", "ipc://name", "shm://depot", or by way of a hub
        "nats://host:port/stream". One that others reach needs ``keys`` (see ``rushes keys new``), or ``insecure``.
    ``tracks``    the frames' tracks, of which each goes on one; with ``mapreduce`` every frame goes to workers of each,
        and ``when_full`` is "block" unless told otherwise.
    ``nproc``     how many threads encode. ``codec``: "jpeg" (with ``quality`` 1 to 100), "raw", or "h264".
    ``when_full`` "drop_oldest" (the default) or "drop_newest" of what comes faster than it can be encoded; "block"
        loses nothing: ``send`` waits for room, here and at the slowest receiver's.
    ``name``      what receivers see as the frames' channel; a frame that has one keeps it.

    Receivers on this machine take the pixels from shared memory, exact and not coded at all, unless they ask for
    "?shm=no". ``start()`` opens the endpoint, ``stop()`` ends it and may be followed by ``start()``, and ``close()``
    is final; as a context manager it starts itself.
    """

    def __init__(
        self,
        endpoint: str,
        tracks: Sequence[str] | None = None,
        nproc: int = 2,
        mapreduce: bool = False,
        *,
        codec: str = "jpeg",
        quality: int = 80,
        when_full: str | None = None,
        name: str | None = None,
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        super().__init__()
        self._endpoint = parse(endpoint)
        self._hubbed = is_hubbed(self._endpoint, mapreduce)
        self._tracks = check_tracks(tracks)
        check_codec(codec, quality)
        policy = check_policy(when_full, "block" if mapreduce else "drop_oldest")
        self._packing = Packing(codec, quality, check_count(nproc, "nproc"), policy)
        check_name(name, "name")
        self.name = name or self._endpoint.shown
        self._key_folder = keys
        relayed = not self._hubbed and is_relayed(self._endpoint)
        if relayed:
            check_relay(self._endpoint, keys, "streamer", policy)
        self._keys = None if self._hubbed or relayed else load_keys(keys, "server", self._endpoint)
        self._insecure = insecure
        self._lock = threading.Lock()
        self._order = threading.Lock()
        self._edge = Edge(self.name)
        self._past_bytes = 0
        self._numbering = Numbering(_draw_run)
        self._depot: DepotOut | None = None
        self._wire: WireOut | None = None
        self._work: WorkOut | NearOut | None = None
        self._started = False

    @property
    def started(self) -> bool:
        """Whether it takes frames now."""
        return self._started

    @property
    def address(self) -> str:
        """Where it is bound, with the port the system chose where 0 was asked for; ConfigError before ``start()``."""
        if not self._started:
            raise ConfigError(f"{self._label()} has no address: start() it first")
        wire, work = self._wire, self._work
        if work is not None:
            return work.end.address
        if wire is None or self._endpoint.scheme != "tcp":
            return self._endpoint.shown
        return wire.link.address

    def start(self) -> Self:
        """Opens the endpoint; does nothing when it is open. Numbers of arrays count from 0 again.

        WireError when the address is taken, ConfigError for one open to others without keys, AccessDenied of a hub.
        """
        self._check_open()
        with self._lock:
            if self._started:
                return self
            self._numbering = Numbering(_draw_run)
            policy: Any = self._packing.policy
            if self._hubbed:
                self._work = self._open_work()
            elif self._endpoint.scheme == "shm":
                self._depot = DepotOut(self._endpoint.name, slots=2 * _SLOTS, when_full=policy)
            else:
                self._depot = DepotOut(None, slots=_SLOTS, when_full=policy, on_made=self._announce)
                self._wire = WireOut(
                    self._endpoint,
                    self._packing,
                    keys=self._keys,
                    folder=self._key_folder,
                    insecure=self._insecure,
                    edge=self._edge,
                    name=self.name,
                    on_event=self._on_event,
                )
            self._started = True
        return self

    def stop(self) -> None:
        """Ends the stream; frames that wait are dropped as "stopped". Receivers wait for the next ``start()``."""
        with self._lock:
            wire, depot, work = self._wire, self._depot, self._work
            self._wire = self._depot = self._work = None
            self._started = False
        if work is not None:
            work.close()
            self._past_bytes += work.bytes
        if wire is not None:
            wire.close()
            self._past_bytes += wire.bytes
        if depot is not None:
            depot.close()

    def send(self, array_or_frame: Any, meta: Mapping[str, Any] | None = None) -> SendResult:
        """Takes one frame and returns at once (under "block": as soon as there is room); from any thread. A caller that
        has been found to wait between its frames anyway, for longer than encoding takes, encodes them itself.

        An array is (height, width, channels) uint8 BGR unless a Frame says otherwise; it may be changed as soon as
        this returns. ``meta`` is small plain data, added to the frame's own. Raises FrameError for what cannot be
        sent, ConfigError for meta that cannot travel or without a ``start()``, AccessDenied of a hub.
        """
        self._check_open()
        wire, depot, work = self._wire, self._depot, self._work
        if depot is None and work is None:
            raise ConfigError(f"{self._label()} is not started: start() it, or use it in a with-block")
        frame = as_frame(array_or_frame)
        encoding.check_frame(frame)
        told = whole_meta(frame, meta)
        track = self._track_of(frame)
        check_told(frame, track, told, self.name)
        if work is not None:
            kept = work.hold(frame)
            with self._order:
                place = self._numbering.place("", frame.number)
                reason = work.put(kept, place, told)
            return SendResult(not reason, place.number, reason)
        if depot is None or wire is None:
            with self._order:
                return self._put(depot, frame, self._numbering.place(track, frame.number), told)
        near, far = wire.wants(DESCRIPTOR) and not depot.broken, wire.wants(PIXELS)
        here = far and wire.may_encode_here(frame)
        held = wire.hold(frame) if far and not here else None
        # Frames of several threads go out in the order of their numbers, and the copying is done before.
        with self._order:
            place = self._numbering.place(track, frame.number)
            if near and not far:
                return self._put(depot, frame, place, told)
            if near:
                depot.put(frame, place, told, frame.channel or self.name)
            if here and wire.put_here(frame, place, told):
                reason = ""
            else:
                reason = wire.put(wire.hold(frame) if here else held, place, told)
        if far:
            wire.returns()
        return SendResult(not reason, place.number, reason)

    def testcard(
        self, card: int, animated: bool = False, *, count: int | None = None, fps: float = 30
    ) -> None:
        """Starts if need be, and sends one of ``rushes.TEST_S`` … ``rushes.IMAG_L`` ``fps`` times a second, ``count``
        times or until ``stop()``, ``close()`` or Ctrl-C. ``animated``: the picture moves. UnknownName for another
        card, ConfigError for a rate or count that cannot be.
        """
        self._check_open()
        play(self, card, animated, count, fps)

    def stats(self) -> StreamStats:
        """The counters since this object was made, over all its starts."""
        edge, wire, depot, work = self._edge.stats(), self._wire, self._depot, self._work
        peers = wire.link.peers if wire is not None else depot.readers if depot is not None else 0
        return StreamStats(
            offered=edge.offered,
            sent=edge.delivered,
            dropped=edge.dropped,
            waiting=edge.waiting,
            peers=peers,
            bytes=self._past_bytes + sum(each.bytes for each in (wire, work) if each is not None),
            runs=self._numbering.runs,
        )

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until somebody asks for frames; False when nobody has within ``timeout_s`` (None: no limit), or at the
        stop. At once true of a depot, where frames lie ready, and of a hub that keeps them for workers.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self._started:
            wire = self._wire
            if wire is None or wire.wants(PIXELS) or wire.wants(DESCRIPTOR):
                return True
            if until is not None and time.monotonic() >= until:
                return False
            time.sleep(_LOOK_S)
        return False

    def _open_work(self) -> WorkOut | NearOut:
        from rushes.stream.work.opening import open_work  # loads the client of hubs, which few need

        return open_work(
            self._endpoint,
            self._packing,
            self._tracks,
            keys=self._key_folder,
            insecure=self._insecure,
            edge=self._edge,
            name=self.name,
        )

    def _put(self, depot: DepotOut | None, frame: Frame, place: Place, meta: dict[str, Any]) -> SendResult:
        def put() -> str:
            return "stopped" if depot is None else depot.put(frame, place, meta, frame.channel or self.name)

        reason = put_at_once(self._edge, put)
        return SendResult(not reason, place.number, reason)

    def _track_of(self, frame: Frame) -> str:
        if not frame.track:
            return self._tracks[0]
        if self._tracks != ("none",) and frame.track not in self._tracks:
            raise unknown_name("track", frame.track, self._tracks)
        return frame.track

    def _on_event(self, what: str, detail: Any) -> None:
        if what == "subscribed" and detail == DESCRIPTOR:
            self._announce()
        elif (what, detail) in (("subscribed", PIXELS), ("request", KEY_WANTED)) and (wire := self._wire):
            wire.want_key()

    def _announce(self) -> None:
        wire, depot = self._wire, self._depot
        if wire is not None and depot is not None and (depot.name or depot.broken):
            wire.announce(depot.name, depot.head)

    def __enter__(self) -> Self:
        return self.start()

    def _close(self) -> None:
        self.stop()


def _draw_run() -> int:
    return secrets.randbits(63)
