"""Frames from a depot on this machine, as messages of a stream: what travels is a place, the pixels stay."""

from __future__ import annotations

import logging
import math
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.codecs import jpeg
from rushes.depot import Depot
from rushes.errors import ClosedError, FrameGone, RushesError, UnknownName, WriterGone
from rushes.figures import to_plain
from rushes.stream.depot_out import NOTE
from rushes.wire.message import Header

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rushes.depot import Lease

__all__ = ["DepotFeed", "Descriptor"]

_log = logging.getLogger("rushes.stream")
_LOOK_S, _GLANCE_S = 0.1, 0.002


class Descriptor:
    """One frame in the depot: its ``header``, and where it lies. It holds no slot until its pixels are taken."""

    __slots__ = ("_copy", "_depot", "_dtype", "_sequence", "header", "taken")

    def __init__(
        self, header: Header, depot: Depot, sequence: int, copy: bool, dtype: str | None = None
    ) -> None:
        self.header, self._dtype = header, dtype
        self.taken = threading.Event()
        self._depot, self._sequence, self._copy = depot, sequence, copy

    def pixels(self) -> NDArray[Any]:
        """The pixels: a copy, or a read-only view that keeps its slot for as long as it lives; also a copy for a
        reader that keeps half of the depot's slots already.

        FrameGone when the slot was used again meanwhile.
        """
        try:
            return self._pixels()
        finally:
            self.taken.set()

    def _holds_too_many(self) -> bool:
        """Whether this process keeps half of the slots: frames that are collected must not stop the stream."""
        own = os.getpid()
        held = sum(each.count for each in self._depot.leases() if each.pid == own)
        return held > self._depot.slots // 2

    def _pixels(self) -> NDArray[Any]:
        try:
            lease = self._depot.next(self._sequence - 1, timeout_s=0)
        except (ClosedError, WriterGone):
            lease = None
        if lease is None or lease.sequence != self._sequence:
            if lease is not None:
                lease.release()
            raise FrameGone(f"frame {self.header.number} has left the depot", sequence=self._sequence)
        if self._dtype is not None:
            with lease:
                # An array without pixels, or without dimensions, of which the bytes lie there.
                size = math.prod(self.header.shape) * np.dtype(self._dtype).itemsize
                return (
                    np.frombuffer(lease.array.tobytes()[:size], self._dtype).reshape(self.header.shape).copy()
                )
        if lease.format == "jpeg":
            with lease:
                return jpeg.decode(lease.array)
        if not self._copy and not self._holds_too_many():
            return lease.array
        with lease:
            return np.array(lease.array)


class DepotFeed:
    """A thread that tells ``arrive`` of each frame put into the depot called ``name``, whenever there is one.

    ``once``: the depot exists now, and the feed ends with it; UnknownName when it does not. Otherwise it is waited
    for, and for the next one of that name after it. ``copy``: see :meth:`Descriptor.pixels`. ``lossless`` readers
    hold up a writer whose depot is made to block. ``start``: the place after which to begin, in the first depot.
    ``behind``: a feed that must have ended before this one begins.
    """

    def __init__(
        self,
        name: str,
        arrive: Callable[[Descriptor], bool],
        *,
        once: bool,
        copy: bool,
        start: int | None = None,
        behind: DepotFeed | None = None,
    ) -> None:
        self.name = name
        self._arrive, self._once, self._copy = arrive, once, copy
        self._start, self._behind = start, behind
        self._stop = threading.Event()
        self._run_number = 0
        self._last: dict[str, int] = {}
        self._first = Depot.attach(name) if once else None
        self._thread = threading.Thread(target=self._run, name=f"rushes-depot {name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether anything may still come of it."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ends the thread, and that of the feed before it."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    @property
    def queued(self) -> bool:
        """Whether it still waits for the feed before it."""
        return self._behind is not None and self.alive

    def _run(self) -> None:
        try:
            self._wait_behind()
            self._serve()
        finally:
            if self._first is not None:
                self._first.close()

    def _wait_behind(self) -> None:
        while self._behind is not None and self._behind.alive:
            if self._stop.wait(_GLANCE_S):
                self._behind.close()
        self._behind = None

    def _serve(self) -> None:
        begun = False
        while not self._stop.is_set():
            depot = self._attach()
            if depot is not None:
                try:
                    self._follow(depot, again=begun)
                except RushesError as error:
                    _log.warning("depot %s: %s", self.name, error)
                finally:
                    depot.close()
                begun = True
            if self._once:
                return
            self._stop.wait(_LOOK_S)

    def _attach(self) -> Depot | None:
        if self._first is not None:
            return self._first
        try:
            depot = Depot.attach(self.name)
        except UnknownName:
            return None
        except RushesError as error:
            _log.warning("depot %s: %s", self.name, error)
            return None
        if not depot.unlinked and not _is_deserted(depot, depot.head):
            return depot
        depot.close()  # what a dead writer left behind is no stream, and was seen while it lived
        return None

    def _follow(self, depot: Depot, *, again: bool) -> None:
        """Until the depot was replaced or its writer died. One that follows another is read from its beginning."""
        self._run_number = secrets.randbits(63)
        self._last.clear()
        start: Any = self._start if self._start is not None else ("oldest" if again else "newest")
        lossless = depot.when_full == "block"
        with depot.frames(start, lossless=lossless) as frames:
            while not self._stop.is_set():
                if not depot.wait(frames.last, _LOOK_S):
                    if depot.unlinked:
                        return
                    if _is_deserted(depot, frames.last):
                        if self._once:
                            depot.unlink()  # nobody else would: its name was drawn by the streamer that died
                        return
                    continue
                with next(frames) as lease:
                    descriptor = self._describe(lease, depot)
                kept = self._arrive(descriptor)
                while lossless and kept and not descriptor.taken.wait(_LOOK_S) and not self._stop.is_set():
                    pass

    def _describe(self, lease: Lease, depot: Depot) -> Descriptor:
        frame = lease.view()
        number, meta, dtype, shape, format = lease.number, frame.meta, None, frame.shape, frame.format
        note = meta.pop(NOTE, None)
        if isinstance(note, dict):
            self._run_number = note.get("run", 0)
            if "dtype" in note:
                dtype, shape = note["dtype"], tuple(note["shape"])
        elif number <= self._last.get(frame.track, -1):
            self._run_number = secrets.randbits(63)  # somebody else's depot, whose numbers begin anew
            self._last.clear()
        self._last[frame.track] = number
        header = Header(
            stream=frame.channel or self.name,
            run=self._run_number,
            number=number,
            captured_ns=frame.captured_ns,
            sent_ns=lease.published_ns,
            track=frame.track,
            codec="shm",
            format="bgr24" if format == "jpeg" else format,
            shape=shape,
            length=0,
            figures=[to_plain(each) for each in frame.figures],
            meta=meta,
        )
        return Descriptor(header, depot, lease.sequence, self._copy, dtype)


def _is_deserted(depot: Depot, after: int) -> bool:
    """Whether the only writer died and nothing newer is left."""
    try:
        lease = depot.next(after, timeout_s=0.001)
    except WriterGone:
        return True
    if lease is not None:
        lease.release()
    return False
