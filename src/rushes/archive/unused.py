"""Gives back what nobody uses any more, on a thread that is there only as long as there is something."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Unused"]

IDLE_S = 10.0
"""So long something waits for the next who wants it."""

_EVERY_S = 2.0


class Unused(Closeable):
    """Calls each ``spare(idle_s)`` every two seconds from a :meth:`touch` on until all say that nothing is left.

    One of them gives back what was not used for ``idle_s`` seconds, and says whether it holds anything still. Any
    thread. A fork leaves the child without the thread.
    """

    def __init__(
        self, spare: Callable[[float], bool], idle_s: float = IDLE_S, every_s: float = _EVERY_S
    ) -> None:
        super().__init__()
        self._spares = [spare]
        self._idle_s, self._every_s = idle_s, every_s
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._touched = False
        self._thread: threading.Thread | None = None

    def add(self, spare: Callable[[float], bool]) -> None:
        """One more, before the first touch."""
        self._spares.append(spare)

    def touch(self) -> None:
        """Something is about to be held."""
        with self._lock:
            self._touched = True
            if self._thread is None and not self.closed:
                # A daemon: an archive that nobody closed must not keep its program from ending.
                self._thread = threading.Thread(target=self._run, name="rushes-archive-unused", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            with self._lock:
                touched, self._touched = self._touched, False
            held = [spare(self._idle_s) for spare in self._spares]  # all of them, whatever the first says
            if touched or any(held):
                continue
            with self._lock:
                if not self._touched:
                    self._thread = None
                    return

    def _close(self) -> None:
        self._end.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
