"""Bringing images to callbacks: where the caller wants them, each at most once, errors harming nobody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Delivery", "DirectDelivery", "LoopDelivery", "delivery_for"]

_log = logging.getLogger("rushes.loader")


class DirectDelivery:
    """Calls back on the thread that has the image."""

    def send(self, request_id: str, callback: Callable[[Any], object], image: Any) -> None:
        """Calls ``callback(image)`` now, and logs what that raises."""
        try:
            callback(image)
        except Exception:  # noqa: BLE001  whatever a callback is broken by, the next one and the worker go on
            _log.exception("the callback of image %r raised", request_id)


class LoopDelivery:
    """Calls back on one event loop's thread, with one wake-up for all that came meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._letters: deque[tuple[str, Callable[[Any], object], Any]] = deque()
        self._woken = False
        self._direct = DirectDelivery()

    def send(self, request_id: str, callback: Callable[[Any], object], image: Any) -> None:
        """Hands ``callback(image)`` to the loop; logs it where the loop was closed and nobody can be told."""
        with self._lock:
            self._letters.append((request_id, callback, image))
            # A loop that was closed with the wake-up still in it will never deliver.
            wake, self._woken = not self._woken or self._loop.is_closed(), True
        if wake:
            self._wake()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            with self._lock:
                lost = [request_id for request_id, _, _ in self._letters]
                self._letters.clear()
                self._woken = False
            _log.warning("the event loop is closed; not called back for: %s", ", ".join(lost))

    def _deliver(self) -> None:
        with self._lock:
            letters, self._letters = self._letters, deque()
            self._woken = False
        for letter in letters:
            self._direct.send(*letter)


Delivery = DirectDelivery | LoopDelivery


def delivery_for(loop: asyncio.AbstractEventLoop | None) -> Delivery:
    """To ``loop``, or directly when there is none."""
    return DirectDelivery() if loop is None else LoopDelivery(loop)
