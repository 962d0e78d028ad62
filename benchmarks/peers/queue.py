"""multiprocessing.Queue: each frame pickled, written to a pipe by a thread, read and unpickled."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks._line import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(context: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    yield context.Queue(maxsize=4)


class Sender:
    def __init__(self, shared: Any) -> None:
        self._queue = shared

    def send(self, frame: Any) -> None:
        self._queue.put(frame)

    def close(self) -> None:
        self._queue.close()
        self._queue.join_thread()


class Receiver:
    def __init__(self, shared: Any) -> None:
        self._queue = shared

    def receive(self) -> Any:
        try:
            return self._queue.get(timeout=5.0)
        except queue.Empty:
            return None

    def stamp(self, item: Any) -> int:
        return stamp_of(item)

    def close(self) -> None:
        self._queue.close()
