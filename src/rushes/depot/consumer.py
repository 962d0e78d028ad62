"""Reading a depot frame by frame, with the losses counted."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Literal, Self

from rushes.depot.lease import Lease
from rushes.depot.waiting import next_hold
from rushes.errors import ClosedError, ConfigError

if TYPE_CHECKING:
    from types import TracebackType

    from rushes._native.core import Hold
    from rushes.depot.handle import Handle

__all__ = ["FrameIterator"]

_NUMBERS = itertools.count(1)


class FrameIterator:
    """Yields a Lease for each frame, sync or async; made by ``Depot.frames``.

    ``missed`` counts the frames that were gone before this iterator came to them, ``last`` is the sequence
    delivered last. It waits when there is nothing new; it ends after ``close()``, which any thread may call.
    Not for two threads at once.
    """

    def __init__(
        self, depot: Handle, start: Literal["newest", "oldest"] | int, *, lossless: bool, name: str | None
    ) -> None:
        self._depot = depot
        self._core = depot._core
        self.last = self._begin(start)
        self.missed = 0
        self.lossless = lossless
        self.name = name or f"reader-{os.getpid()}-{next(_NUMBERS)}"
        self._row = self._core.consumer_open(self.name, lossless, self.last)
        self._core = depot._core
        self._delivered = False
        self._closed = False

    def _begin(self, start: Literal["newest", "oldest"] | int) -> int:
        """The sequence after which to begin."""
        if start == "newest":
            newest = self._core.newest()
            return self._core.head() if newest is None else newest.sequence - 1
        if start == "oldest":
            oldest = self._depot._look(-1)
            return self._core.head() if oldest is None else oldest.sequence - 1
        if type(start) is not int or start < -1:
            raise ConfigError(f"start must be 'newest', 'oldest' or a sequence from -1, not {start!r}")
        return start

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> Lease:
        if not self._ready():
            raise StopIteration
        hold = self._depot._look(self.last)
        while hold is None:
            if self._closed:
                raise StopIteration
            hold = next_hold(self._depot, self.last, 0.1)
        return self._deliver(hold)

    async def __anext__(self) -> Lease:
        if not self._ready():
            raise StopAsyncIteration
        hold = self._depot._look(self.last)
        while hold is None:
            if self._closed:
                raise StopAsyncIteration
            hold = await self._depot._aio.next_hold(self.last, None)
        return self._deliver(hold)

    def _ready(self) -> bool:
        if self._closed:
            return False
        if self._depot._core is not self._core:
            raise ClosedError(
                f"{self.name}: the depot was closed, or this iterator came over a fork", name=self.name
            )
        if self.lossless and self._delivered:
            self._core.consumer_ack(self._row, self.last)
        return True

    def _deliver(self, hold: Hold) -> Lease:
        self.last = hold.sequence
        self.missed += self._core.consumer_seen(self._row, self.last)
        self._delivered = True
        return Lease(hold)

    def close(self) -> None:
        """Stop: frames this consumer had not acknowledged may go, and its row in ``stats()`` ends.
        Idempotent.
        """
        if self._closed:
            return
        self._closed = True
        if self._depot._core is self._core:
            self._core.consumer_close(self._row)

    async def aclose(self) -> None:
        """As :meth:`close`."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
