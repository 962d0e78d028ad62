"""The receiving end of a stream of sound."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import BadMessage, ClosedError, DeadlineExceeded
from rushes.lifecycle import Closeable
from rushes.stream.audio_streamer import PCM, ROOM, audio_endpoint
from rushes.stream.handler import Handler
from rushes.stream.options import load_keys
from rushes.stream.records import StreamStats
from rushes.stream.seldom import Seldom
from rushes.wire.flow import Gaps, Ring
from rushes.wire.message import PIXELS, as_array, unpack
from rushes.wire.zmq_sub import Subscriber

if TYPE_CHECKING:
    import os

__all__ = ["AudioReceiver"]

_log = logging.getLogger("rushes.stream")
_ROOM_BYTES = 32 * 1024 * 1024


class AudioReceiver(Closeable):
    """Takes the segments that an :class:`AudioStreamer` at ``endpoint`` sends: tcp or ipc, connected to from here.

    It connects again by itself. At most 64 segments wait for the reader; beyond that the oldest are dropped, as
    "stale". ``keys`` is a folder of keys with client.key and server.pub. ConfigError, and UnknownName for a scheme,
    for an address or keys that cannot be used.

    Items are dicts: ``arr`` (the samples, read-only), ``meta`` (a dict), ``ftime`` (seconds UTC), ``fno``, ``track``.
    """

    def __init__(
        self, endpoint: str, *, keys: str | os.PathLike[str] | None = None, insecure: bool = False
    ) -> None:
        super().__init__()
        self._endpoint = audio_endpoint(endpoint)
        self._keys = load_keys(keys, "client", self._endpoint)
        self.name = self._endpoint.shown
        self._insecure = insecure
        self._track = self._endpoint.options.get("track")
        self._fresh = threading.Condition()
        self._link: Subscriber | None = None
        self._stopped = False
        self._error: Exception | None = None
        self._past: Counter[str] = Counter()
        self._warns = Seldom()
        self._begin()
        self._handler = Handler(self._take, lambda: self._stopped, self._wait)

    @property
    def handler(self) -> Handler:
        """Iterate it for each item until ``stop()``, or call it with ``timeout=`` milliseconds: see
        :class:`rushes.stream.handler.Handler`. AccessDenied when the sender does not accept the keys.
        """
        return self._handler

    def start(self) -> Self:
        """Connects, whether or not anybody sends there yet. Does nothing when it is started. ClosedError after
        ``close()``.
        """
        self._check_open()
        with self._fresh:
            self._start()
        return self

    def stop(self) -> None:
        """Disconnects; what waits is dropped, as "stale", and handlers end. Does nothing when it is not started."""
        with self._fresh:
            link, self._link = self._link, None
            self._stopped = True
            self._ring.clear()
            self._fresh.notify_all()
        if link is not None:
            link.close()

    def recv(self, timeout_ms: float | None) -> dict[str, Any]:
        """The next item; waits for it at most ``timeout_ms`` milliseconds (None: as long as it takes).

        DeadlineExceeded, a TimeoutError, when none came; ClosedError after ``stop()``; AccessDenied when the sender
        does not accept the keys.
        """
        timeout_s = None if timeout_ms is None else timeout_ms / 1000
        item = self._take(timeout_s)
        if item is not None:
            return item
        if self._stopped:
            raise ClosedError(f"{self._label()} is stopped: start() it again", name=self._label())
        raise DeadlineExceeded(f"no segment came within {timeout_ms} ms", timeout_s=timeout_s)

    def stats(self) -> StreamStats:
        """expected = delivered + dropped ("wire", "stale") + waiting, over all that was connected for."""
        with self._fresh:
            now = self._past + self._present()
            link = self._link
        dropped = {reason: now[reason] for reason in ("wire", "stale") if now[reason]}
        return StreamStats(
            expected=now["expected"],
            delivered=now["delivered"],
            dropped=dropped,
            waiting=now["waiting"],
            refused=now["refused"],
            duplicates=now["duplicates"],
            peers=0 if link is None else link.peers,
            bytes=now["bytes"],
            runs=now["runs"],
        )

    def __enter__(self) -> Self:
        return self.start()

    def _start(self) -> None:
        if self._link is not None:
            return
        self._past += self._present()
        self._begin()
        self._error = None
        self._link = Subscriber(
            self._endpoint,
            (PIXELS,),
            keys=self._keys,
            insecure=self._insecure,
            hwm=int(self._endpoint.options.get("hwm", ROOM)),
            on_message=self._on_message,
            on_event=self._on_event,
        )
        self._stopped = False

    def _begin(self) -> None:
        """Counts from nothing: what was sent while nobody was connected here is no loss of this end's."""
        self._gaps = Gaps()
        self._ring: Ring[dict[str, Any]] = Ring(ROOM, _ROOM_BYTES)
        self._refused = self._bytes = 0

    def _present(self) -> Counter[str]:
        counts = self._gaps.counts()
        return Counter(
            expected=counts.expected,
            delivered=self._ring.taken,
            wire=counts.missing,
            stale=self._ring.stale,
            waiting=self._ring.waiting,
            refused=self._refused,
            duplicates=counts.duplicates,
            bytes=self._bytes,
            runs=counts.runs,
        )

    def _take(self, timeout_s: float | None) -> dict[str, Any] | None:
        with self._fresh:
            if not self._stopped:
                self._start()
            self._fresh.wait_for(self._something, timeout_s)
            item = self._ring.get()
            if item is None and self._error is not None and not self._stopped:
                raise self._error
            return item

    def _wait(self, timeout_s: float) -> bool:
        with self._fresh:
            return self._fresh.wait_for(self._something, timeout_s)

    def _something(self) -> bool:
        return len(self._ring) > 0 or self._stopped or self._error is not None

    def _on_message(self, parts: list[memoryview]) -> None:
        try:
            message = unpack(parts)
            header = message.header
            if header.codec != "raw" or header.format != PCM:
                raise BadMessage(f"{header.codec} {header.format[:20]!r} where sound was expected")
            samples = as_array(message)
        except BadMessage as error:
            with self._fresh:
                self._refused += 1
            if self._warns.due():
                _log.warning("%s sent a message that was refused: %s", self.name, error)
            return
        if self._track is not None and header.track != self._track:
            return
        item = {
            "arr": samples,
            "meta": dict(header.meta),
            "ftime": header.captured_ns / 1e9,
            "fno": header.number,
            "track": header.track,
        }
        with self._fresh:
            if not self._stopped and self._gaps.see(header.run, header.track, header.number).fresh:
                self._bytes += header.length
                self._ring.put(item, max(1, header.length))
                self._fresh.notify()

    def _on_event(self, what: str, detail: Any) -> None:
        with self._fresh:
            if what in ("denied", "failed"):
                self._error = detail
                self._fresh.notify_all()
            elif what == "up":
                self._error = None
            elif what == "cut":
                self._refused += 1

    def _close(self) -> None:
        self.stop()
