"""A worker: frames of one track from one hub, what it made of them to another."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import ConfigError
from rushes.lifecycle import Closeable
from rushes.metrics import Edge
from rushes.stream.handler import Handler
from rushes.stream.options import check_count, check_seconds
from rushes.stream.work.calls import Calls
from rushes.stream.work.desk import TRIES, Desk
from rushes.stream.work.intake import Intake
from rushes.stream.work.items import Taker, result_of
from rushes.wire.endpoint import parse
from rushes.wire.jet_names import check_track

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.metrics import EdgeStats

__all__ = ["Worker"]


class Worker(Closeable):
    """Works on frames of one ``track``, as many workers on as many machines as there are; each frame goes to one.

    ``source`` is the streamer's endpoint, ``drain`` the receiver's; None or "" sends results to the source's own hub,
    or the receiver of its name. "shm://name" and "ipc://name" are on this machine, where no hub is needed.
    ``reqthread``  how many frames are fetched ahead. ``decproc``: how many processes :meth:`run` calls its function
        in.

    Either ``run(fn)``; or iterate ``handler`` and ``send`` each item. A frame counts as done when its result is safe
    in the drain: until then it goes to another worker when this one dies, at once or, when the machine does, after
    2 s. One that was not sent when the next is asked for is told to the receiver as "skipped", one that failed five
    times as "error". ``start()`` connects, ``stop()`` ends and gives back what was not done; as a context manager
    it starts itself.
    """

    def __init__(
        self,
        source: str,
        drain: str | None = None,
        track: str = "none",
        reqthread: int = 3,
        decproc: int = 2,
        *,
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        super().__init__()
        self._source = parse(source)
        self._drain = parse(drain) if drain else self._source
        self._track = check_track(track)
        self._ahead, self._procs = check_count(reqthread, "reqthread"), check_count(decproc, "decproc")
        self._keys, self._insecure = keys, insecure
        self.name = f"{self._source.shown} {track}"
        self._edge = Edge(self.name)
        self._lock = threading.Lock()
        self._intake = Intake()
        self._desk: Desk | None = None

    def start(self) -> Self:
        """Connects to both hubs, which may come later; does nothing when it is connected."""
        self._check_open()
        with self._lock:
            if self._desk is None:
                self._desk = Desk(
                    self._source,
                    self._drain,
                    self._track,
                    ahead=self._ahead,
                    keys=self._keys,
                    insecure=self._insecure,
                    edge=self._edge,
                    on_work=self._intake.put,
                    on_error=lambda error: self._intake.end(),
                )
        return self

    def stop(self) -> None:
        """Ends it: what was not sent goes back to the hub, for others."""
        with self._lock:
            desk, self._desk = self._desk, None
        self._intake.end()
        if desk is not None:
            desk.close()

    @property
    def handler(self) -> Handler:
        """The frames as dicts {arr, meta, ftime, fno, track, buf}: to be iterated, or called with a time-out. ``buf``
        are the encoded bytes. ConfigError before ``start()``.
        """
        epoch = self._intake.epoch
        taker = Taker(self._intake, epoch, self._started(), self._track)
        return Handler(taker.take, taker.ended, self._intake.wait)

    def send(self, data: dict[str, Any]) -> None:
        """Sends an item of ``handler`` on as this worker's result: ``buf``, also where another JPEG was put there, or
        ``arr`` encoded where another array was; with ``meta``, which may be any plain data. What was drawn into the
        same array is not sent. Returns before it is safe.

        ConfigError for what is no item of this worker, or was sent before; FrameError for what cannot be sent.
        """
        desk = self._started()
        work = desk.given.find(data)
        if work is None:
            raise ConfigError("send takes an item of this worker's handler, once", option="data")
        made, payload = result_of(data, work, desk.quality)
        desk.done(work, made, payload)

    def run(
        self,
        fn: Callable[[Frame], Any] | str,
        *,
        procs: int | None = None,
        timeout_s: float | None = 30.0,
        tries: int = TRIES,
    ) -> None:
        """Calls ``fn(frame)`` for each frame, in ``procs`` processes of its own (``decproc`` unless given), until
        ``stop()``.

        ``fn`` is a function that another process can import, or its name "package.module:function". It returns a
        Frame or array, plain data that becomes the result's meta, or None: the frame as it came. When it raises,
        takes longer than ``timeout_s``, or its process dies, the frame is tried again, ``tries`` times at most.
        ConfigError for a function that cannot be imported; WireError, AccessDenied when the hub is gone for good.
        """
        check_seconds(timeout_s, "timeout_s")
        check_count(tries, "tries")
        intake, epoch = self._intake, self._intake.epoch  # a stop from now on ends it
        self.start()
        desk = self._started()
        count = self._procs if procs is None else check_count(procs, "procs")
        calls = Calls(fn, desk, procs=count, timeout_s=timeout_s, name=self.name, on_failed=intake.wake)
        desk.tries = tries
        desk.grant(count)
        try:
            while (work := intake.take(None, epoch, broken=lambda: calls.failed or desk.over)) is not None:
                calls.put(work)
            calls.check()
            desk.check()
        finally:
            calls.close()

    @property
    def away(self) -> tuple[str, ...]:
        """The hubs that are waited for, as their addresses; empty when there is a connection to each."""
        desk = self._desk
        return () if desk is None else desk.away

    def stats(self) -> EdgeStats:
        """Frames fetched = sent on (delivered) + dropped + waiting. Dropped here are "again" (given back, for others or
        another try), "skipped" and "error".
        """
        return self._edge.stats()

    def _started(self) -> Desk:
        self._check_open()
        desk = self._desk
        if desk is None:
            raise ConfigError(f"{self._label()} is not started: start() it, or use it in a with-block")
        return desk

    def __enter__(self) -> Self:
        return self.start()

    def _close(self) -> None:
        self.stop()
