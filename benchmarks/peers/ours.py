"""Our depot: ``put`` here, ``next`` there."""

from __future__ import annotations

import math
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks._line import stamp_of
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes import Lease


@contextmanager
def opened(context: Any, shape: tuple[int, ...]) -> Iterator[str]:
    # Small frames get many slots, so that a reader held up by other load is late and not short of frames.
    slots = 64 if math.prod(shape) < 65_536 else 8
    with Depot.create(f"bench-{secrets.token_hex(4)}", slots=slots, shape=shape) as depot:
        yield depot.name


class Sender:
    def __init__(self, shared: str) -> None:
        self.depot = Depot.attach(shared, mode="rw")
        self.send = self.depot.put
        self.close = self.depot.close


class Receiver:
    def __init__(self, shared: str) -> None:
        self.depot = Depot.attach(shared)
        self.after = self.depot.head

    def receive(self) -> Lease | None:
        lease = self.depot.next(self.after, timeout_s=2.0)
        if lease is not None:
            self.after = lease.sequence
        return lease

    def stamp(self, item: Lease) -> int:
        return stamp_of(item.array)

    def close(self) -> None:
        self.depot.close()
