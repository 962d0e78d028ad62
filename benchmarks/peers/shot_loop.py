"""The old loop, re-made from its described behaviour: how shots were saved before.

A pool of threads, each of which sleeps 100 ms before every look into one queue without priorities or limits.
Whoever finds a shot asks the host for a file and looks for it once at once, then after every full second,
``timeout_sec - 1`` times; then it asks again, ``max_tries`` times in all. Nothing but the existence of the
file counts. Callbacks, names and the rest of the original are left out: they cost it nothing that is measured.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 0.1
FILE_LOOK_S = 1.0


class ShotLoop:
    """``host`` has ``screenshot_v2(channel, file_name, folder, time)``."""

    def __init__(self, host: Any, pool_size: int = 10, timeout_sec: int = 10, max_tries: int = 2) -> None:
        self._host = host
        self._timeout_sec = timeout_sec
        self._max_tries = max_tries
        self._tasks: queue.Queue[Callable[[], None]] = queue.Queue()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(pool_size)]
        for thread in self._threads:
            thread.start()

    def save(self, channel: str, folder: str, file_name: str, done: Callable[[bool], None]) -> None:
        self._tasks.put(lambda: done(self._shot(channel, folder, file_name)))

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                continue
            task()

    def _shot(self, channel: str, folder: str, file_name: str) -> bool:
        path = os.path.join(folder, file_name)
        for _ in range(self._max_tries):
            self._host.screenshot_v2(channel, file_name, folder, "0")
            if self._appeared(path):
                return True
        return False

    def _appeared(self, path: str) -> bool:
        if os.path.isfile(path):
            return True
        for _ in range(self._timeout_sec - 1):
            time.sleep(FILE_LOOK_S)
            if os.path.isfile(path):
                return True
        return False
