"""One frame in SharedMemory, guarded and announced by a multiprocessing.Condition."""

from __future__ import annotations

from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._line import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]


@contextmanager
def opened(context: Any, shape: tuple[int, ...]) -> Iterator[tuple[Any, Any, str, tuple[int, ...]]]:
    memory = SharedMemory(create=True, size=int(np.prod(shape)))
    try:
        yield context.Condition(), context.RawValue("q", 0), memory.name, shape
    finally:
        memory.close()
        memory.unlink()


class _End:
    def __init__(self, shared: tuple[Any, Any, str, tuple[int, ...]]) -> None:
        self.condition, self.count, name, shape = shared
        self._memory = SharedMemory(name)
        self.frame: Array = np.ndarray(shape, np.uint8, buffer=self._memory.buf)

    def close(self) -> None:
        del self.frame  # SharedMemory refuses to close under a view
        self._memory.close()


class Sender(_End):
    def send(self, frame: Array) -> None:
        with self.condition:
            np.copyto(self.frame, frame)
            self.count.value += 1
            self.condition.notify_all()


class Receiver(_End):
    def __init__(self, shared: tuple[Any, Any, str, tuple[int, ...]]) -> None:
        super().__init__(shared)
        self._seen = 0

    def receive(self) -> Array | None:
        with self.condition:
            if not self.condition.wait_for(lambda: self.count.value > self._seen, timeout=2.0):
                return None
            self._seen = self.count.value
        return self.frame

    def stamp(self, item: Array) -> int:
        return stamp_of(item)
