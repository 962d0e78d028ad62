"""A depot's frames as a source: ``depot:NAME``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.capture.records import SourceStats
from rushes.capture.thin import Thinner
from rushes.depot import Depot
from rushes.errors import ClosedError, ConfigError, SourceLost, SourceUnavailable, UnknownName, WriterGone
from rushes.frame import Frame, picture_size
from rushes.interfaces import SourceInfo
from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.depot import FrameIterator, Lease

__all__ = ["DepotSource", "open_depot"]


def open_depot(
    rest: str, *, uri: str, fps: float | None = None, lossless: bool = False, wait_s: float = 5.0
) -> DepotSource:
    """``depot:NAME``: the frames of that depot from the newest on.

    ``lossless`` has the depot keep each frame until it was asked for the next (its ``when_full`` says what
    happens meanwhile). ``wait_s``: how long to wait for the depot and its first frame; SourceUnavailable after
    that. ``fps`` takes fewer frames, those between are dropped as "rate".
    """
    if not rest:
        raise ConfigError(f'{uri!r}: write the depot\'s name, like "depot:NAME"', option="uri")
    return DepotSource(rest, fps=fps, lossless=lossless, wait_s=wait_s)


class DepotSource(Closeable):
    """Frames whose arrays lie in the depot: zero-copy, read-only, and given back when the last view of one dies.

    Whoever keeps them keeps slots. Iterating raises SourceLost when the only writer died and nothing newer is
    left, and ends soon after ``close``. One iteration at a time.
    """

    def __init__(
        self, name: str, *, fps: float | None = None, lossless: bool = False, wait_s: float = 5.0
    ) -> None:
        super().__init__()
        self.name = f"depot:{name}"
        self._thinner = Thinner(fps)
        self._turn = threading.Lock()
        try:
            self._depot = Depot.attach(name, wait_s=wait_s)
        except UnknownName as error:
            raise SourceUnavailable(f"there is no depot {name!r}: {error}", uri=self.name) from None
        try:
            self.info = self._describe(wait_s, fps)
            self._frames: FrameIterator = self._depot.frames("newest", lossless=lossless)
        except BaseException:  # whatever it is, the depot is let go
            self._depot.close()
            raise
        self._delivered = self._thinned = 0
        self._state = "live"

    def __iter__(self) -> Iterator[Frame]:
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(f"{self.name} is being iterated already: a source has one consumer")
        return self._iterate()

    def stats(self) -> SourceStats:
        """The ledger: what the depot published since the opening was delivered, missed, or thinned out."""
        missed = self._frames.missed
        dropped = {"missed": missed, "rate": self._thinned}
        return SourceStats(
            self.name,
            offered=self._delivered + missed + self._thinned,
            delivered=self._delivered,
            dropped={reason: count for reason, count in dropped.items() if count},
            state="closed" if self.closed else self._state,
        )

    def _iterate(self) -> Iterator[Frame]:
        try:
            while (lease := self._next()) is not None:
                if self._thinner.wants(lease.captured_ns):
                    frame = _frame_of(lease)
                    del lease  # the frame's array holds it now
                    self._delivered += 1
                    yield frame
                    del frame
                else:
                    self._thinned += 1
                    lease.release()
        finally:
            self._turn.release()

    def _next(self) -> Lease | None:
        try:
            return next(self._frames, None)
        except WriterGone as error:
            self._state = "lost"
            raise SourceLost(f"{self.name}: {error}", uri=self.name) from None
        except ClosedError:
            return None

    def _describe(self, wait_s: float, fps: float | None) -> SourceInfo:
        if not self._depot.wait(-1, wait_s):
            raise SourceUnavailable(f"{self.name} had no frame for {wait_s:g} s", uri=self.name)
        with self._depot.frames("newest") as frames:
            lease = next(frames)
            height, width = picture_size(lease.shape, lease.format)
            return SourceInfo(width, height, fps or 0.0, lease.format)

    def _close(self) -> None:
        self._frames.close()
        self._depot.close()


def _frame_of(lease: Lease) -> Frame:
    return Frame(
        lease.array,
        lease.number,
        captured_ns=lease.captured_ns,
        format=lease.format,
        meta=lease.meta,
    )
