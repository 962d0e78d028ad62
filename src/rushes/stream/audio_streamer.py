"""The sending end of a stream of sound."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError
from rushes.lifecycle import Closeable
from rushes.metrics import Edge
from rushes.stream.options import is_hubbed, load_keys
from rushes.stream.records import SendResult, StreamStats
from rushes.wire.endpoint import parse
from rushes.wire.message import MAX_BYTES, PIXELS, Header, lay_out, pack
from rushes.wire.zmq_link import Publisher

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from rushes.wire.endpoint import Endpoint

__all__ = ["PCM", "ROOM", "AudioStreamer", "audio_endpoint"]

PCM = "pcm"
"""The format that the headers of sound name, where those of pictures name the layout of their pixels."""
ROOM = 64
"""How many segments wait at either end: more than a second of those of 20 ms, to bridge a hold-up and no more."""


def audio_endpoint(text: str) -> Endpoint:
    """The endpoint, of a scheme that sound can be sent over."""
    endpoint = parse(text)
    is_hubbed(endpoint, mapreduce=False)
    if endpoint.scheme not in ("tcp", "ipc"):
        raise ConfigError(
            f"{endpoint.shown}: sound goes over tcp://host:port or ipc://name", option="endpoint"
        )
    return endpoint


class AudioStreamer(Closeable):
    """Sends segments of samples to whoever receives at ``endpoint``: tcp or ipc, bound here.

    ``keys`` is a folder of keys as ``rushes keys new`` makes it; without one, an address that other machines reach is
    refused unless ``insecure``. ``name`` names the stream in the messages. At most 64 segments (or ``?hwm=`` of the
    endpoint) wait here and as many for each receiver; beyond that the oldest are dropped and counted.

    ConfigError, and UnknownName for a scheme, for an address or keys that cannot be used; WireError at the start
    when the address is taken.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        name: str | None = None,
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        super().__init__()
        self._endpoint = audio_endpoint(endpoint)
        self._keys = load_keys(keys, "server", self._endpoint)
        self.name = name or "audio"
        self._insecure = insecure
        self._lock = threading.Lock()
        self._link: Publisher | None = None
        self._edge = Edge(f"audio {self.name}")
        self._stopped = False
        self._run = self._number = self._runs = self._bytes = 0

    @property
    def address(self) -> str:
        """Where it is bound, with the port that the system gave; the endpoint as given when it is not started."""
        link = self._link
        return self._endpoint.shown if link is None else link.address

    def start(self) -> Self:
        """Binds; numbers begin at 0. Does nothing when it is started. ClosedError after ``close()``."""
        self._check_open()
        with self._lock:
            self._start()
        return self

    def stop(self) -> None:
        """Unbinds; segments that wait are dropped, as "stopped". Does nothing when it is not started."""
        with self._lock:
            link, self._link = self._link, None
            self._stopped = True
        if link is not None:
            link.close()

    def send(self, samples: NDArray[Any], meta: dict[str, Any] | None = None) -> SendResult:
        """Sends one segment, of any shape up to 4 dimensions, and returns at once; the samples are copied.

        Its moment is now. ``meta`` holds plain values, up to 4 KB. Without any receiver the segment is dropped, as
        "no receiver". ConfigError for what is no array, or too long; FrameError for one whose dtype is not sent, as
        64-bit integers are not; ClosedError after ``stop()``.
        """
        self._check_open()
        if not isinstance(samples, np.ndarray):
            raise ConfigError(
                f"samples must be a numpy array, not {type(samples).__name__}", option="samples"
            )
        if samples.nbytes > MAX_BYTES:
            raise ConfigError(
                f"a segment of {samples.nbytes} bytes is over {MAX_BYTES}: send shorter ones",
                option="samples",
            )
        # Whoever records sound mostly records the next segment into the same memory.
        layout = lay_out(samples.copy())
        with self._lock:
            if self._stopped:
                raise ClosedError(f"{self._label()} is stopped: start() it again", name=self._label())
            link = self._start()
            header = self._header(layout.dtype, layout.shape, layout.payload.nbytes, meta or {})
            number, self._number = self._number, self._number + 1
            self._edge.offer()
            # Also under the lock, so that segments go out by rising number whichever thread sends them.
            if not link.subscribed(PIXELS):
                self._edge.drop("no receiver")
                return SendResult(True, number)
            size = layout.payload.nbytes
            try:
                link.publish(PIXELS, header, layout.payload, sent=lambda sent: self._done(sent, size))
            except ClosedError:  # the link broke, as its log says
                self._edge.drop("stopped")
                raise
        return SendResult(True, number)

    def stats(self) -> StreamStats:
        """offered = sent + dropped ("full", "no receiver", "stopped") + waiting, over all runs."""
        edge, link = self._edge.stats(), self._link
        return StreamStats(
            offered=edge.offered,
            sent=edge.delivered,
            dropped=edge.dropped,
            waiting=edge.waiting,
            peers=0 if link is None else link.peers,
            bytes=self._bytes,
            runs=self._runs,
        )

    def __enter__(self) -> Self:
        return self.start()

    def _start(self) -> Publisher:
        if self._link is None:
            hwm = int(self._endpoint.options.get("hwm", ROOM))
            self._link = Publisher(
                self._endpoint, keys=self._keys, insecure=self._insecure, hwm=hwm, on_event=_pass_over
            )
            self._run, self._number = secrets.randbits(63), 0
            self._runs += 1
            self._stopped = False
        return self._link

    def _header(self, dtype: str, shape: tuple[int, ...], length: int, meta: dict[str, Any]) -> bytes:
        now_ns = SYSTEM.wall_ns()
        return pack(
            Header(
                stream=self.name,
                run=self._run,
                number=self._number,
                captured_ns=now_ns,
                sent_ns=now_ns,
                track=self._endpoint.options.get("track", ""),
                codec="raw",
                format=PCM,
                dtype=dtype,
                shape=shape,
                length=length,
                meta=meta,
            )
        )

    def _done(self, sent: bool, size: int) -> None:
        if sent:
            self._edge.deliver()
            self._bytes += size
        else:
            self._edge.drop("stopped" if self._stopped else "full")

    def _close(self) -> None:
        self.stop()


def _pass_over(what: str, detail: Any) -> None:
    """Receivers come and go, and that is theirs to tell: the link counts who is there."""
