"""Our depot, timed from the moment a frame is published, which the depot itself stamps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.peers.ours import Receiver, Sender, opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Receiver", "Sender", "collect", "opened"]


def collect(receiver: Receiver, frames: int, acks: Connection | None) -> list[int]:
    """Takes the place of the common loop, as the stamp is UTC and so must the reader's clock be."""
    del acks
    took: list[int] = []
    clock = time.time_ns
    while len(took) < frames:
        lease = receiver.receive()
        now = clock()
        if lease is None:
            break
        took.append(now - lease.published_ns)
    return took
