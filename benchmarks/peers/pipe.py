"""A bare pipe: what the kernel takes to wake a blocked reader, with eight bytes and nothing around them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection


@contextmanager
def opened(context: Any, shape: tuple[int, ...]) -> Iterator[tuple[Connection, Connection]]:
    reading, writing = context.Pipe(duplex=False)
    with reading, writing:
        yield reading, writing


class Sender:
    def __init__(self, shared: tuple[Connection, Connection]) -> None:
        self._ends = shared
        self._fd = shared[1].fileno()

    def send(self, frame: Any) -> None:
        os.write(self._fd, memoryview(frame).cast("B")[:8])

    def close(self) -> None:
        for end in self._ends:
            end.close()


class Receiver:
    def __init__(self, shared: tuple[Connection, Connection]) -> None:
        self._ends = shared
        self._fd = shared[0].fileno()

    def receive(self) -> bytes:
        return os.read(self._fd, 8)

    def stamp(self, item: bytes) -> int:
        return int.from_bytes(item, "little")

    def close(self) -> None:
        for end in self._ends:
            end.close()
