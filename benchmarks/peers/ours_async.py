"""Our depot with an event loop at the reading end: ``await depot.anext(...)``."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from benchmarks._line import stamp_of
from benchmarks.peers.ours import Receiver, Sender, opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from rushes import Depot

__all__ = ["Receiver", "Sender", "collect", "opened"]


def collect(receiver: Receiver, frames: int, acks: Connection | None) -> list[int]:
    """Takes the place of the blocking loop; acknowledging would hold up the event loop, so nobody does."""
    del acks
    return asyncio.run(_collect(receiver.depot, receiver.after, frames))


async def _collect(depot: Depot, after: int, frames: int) -> list[int]:
    took: list[int] = []
    clock = time.monotonic_ns
    while len(took) < frames:
        lease = await depot.anext(after, timeout_s=2.0)
        now = clock()
        if lease is None:
            break
        after = lease.sequence
        took.append(now - stamp_of(lease.array))
    return took
