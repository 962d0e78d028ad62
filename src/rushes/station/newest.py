"""The newest frame of each of several lines, taken in turn (pure but for its lock)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Newest"]

T = TypeVar("T")


class Newest(Generic[T]):
    """Room for one item of each line, whoever brings it. Who takes them gets every line's turn in order, so that a
    fast line costs a slow one nothing: what it has too much of replaces what was its own.
    """

    def __init__(self) -> None:
        self._work = threading.Condition()
        self._items: OrderedDict[str, T] = OrderedDict()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many items wait for their turn."""
        with self._work:
            return len(self._items)

    def put(self, line: str, item: T) -> bool:
        """Brings an item; True when an older one of that line was given up for it. It keeps that one's turn."""
        with self._work:
            replaced = line in self._items
            self._items[line] = item
            self._work.notify()
            return replaced

    def take(self) -> T | None:
        """The item that has waited longest for its turn; waits for one. None once it is closed and empty."""
        with self._work:
            while not self._items:
                if self._closed:
                    return None
                self._work.wait()
            return self._items.popitem(last=False)[1]

    def close(self) -> None:
        """Nothing more will come."""
        with self._work:
            self._closed = True
            self._work.notify_all()
