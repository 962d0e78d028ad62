"""Telling callbacks what happens, from one thread and never under a lock."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Final

from rushes.errors import unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EVENTS", "Events"]

EVENTS: Final = ("frame_changed", "pixmap_saved", "capture_stopped", "capture_cancelled", "capture_finished")
_EACH_FRAME: Final = EVENTS[:2]
_MOST_WAITING = 1000
_LOG = logging.getLogger(__name__)


class Events:
    """Calls what was registered, in the order of :meth:`tell`. A callback that raises is logged and hurts nobody.

    Events of single frames are left out while a thousand wait for a slow callback; those of the end never are.
    """

    def __init__(self) -> None:
        self._calls: dict[str, tuple[Callable[..., object], ...]] = dict.fromkeys(EVENTS, ())
        self._waiting: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder-events", daemon=True)

    def on(self, event: str, fn: Callable[..., object]) -> None:
        """Calls ``fn`` for each such event from now on. UnknownName for another event."""
        if event not in self._calls:
            raise unknown_name("event", event, EVENTS)
        self._calls[event] = (*self._calls[event], fn)

    def start(self) -> None:
        """Begins to call."""
        self._thread.start()

    def tell(self, event: str, *values: Any) -> None:
        """Has the callbacks called; nothing is kept for an event that nobody asked for."""
        if not self._calls[event] or (event in _EACH_FRAME and self._waiting.qsize() >= _MOST_WAITING):
            return
        self._waiting.put((event, values))

    def finish(self) -> None:
        """No more will come: the thread ends after what is left."""
        self._waiting.put(None)

    def join(self, timeout_s: float | None = None) -> None:
        """Waits until all was called; at once from a callback."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        ended = False
        while (item := self._waiting.get()) is not None:
            event, values = item
            # A source that is slow to hear of the end may give a frame while the end is being told.
            if ended and event in _EACH_FRAME:
                continue
            ended = ended or event not in _EACH_FRAME
            for fn in self._calls[event]:
                try:
                    fn(*values)
                except Exception:  # noqa: BLE001  a user's callback may raise anything, and the recording must go on
                    _LOG.exception("a callback of %s raised", event)
