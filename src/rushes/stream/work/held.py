"""Frames that this process works on: the hub is told that they are, until they are done."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.stream.parcel import Parcel
    from rushes.stream.work.links import Item
    from rushes.wire.message import Message

__all__ = ["Held", "Work"]

BEAT_S = 0.5


@dataclass(eq=False)
class Work:
    """One frame to be worked on, and since when it is."""

    item: Item
    parcel: Parcel
    message: Message
    began_s: float = field(default_factory=time.monotonic)
    #: What the user was given for it, and the frame that was made of: see GivenOut.remember.
    dict: dict[str, Any] | None = None
    given: Frame | None = None
    buf: Any = None
    #: Whether it is in the account already.
    counted: bool = False
    #: Whether another frame was asked for in its place.
    replaced: bool = False

    def began(self) -> None:
        """Its time runs from now on."""
        self.began_s = time.monotonic()


class Held:
    """A thread that tells the hub twice a second of all frames in it; ``overdue`` is called, each time, with those
    that were begun more than ``timeout_s`` ago.
    """

    def __init__(self, name: str) -> None:
        self.timeout_s: float | None = None
        self.overdue: Callable[[Work], object] = lambda work: None
        self._lock = threading.Lock()
        self._works: dict[int, Work] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"rushes-held {name}", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._works)

    def add(self, work: Work) -> bool:
        """False when it is here already: held for so long that the hub sent it again."""
        with self._lock:
            known = self._works.setdefault(work.item.sequence, work)
        return known is work

    def drop(self, work: Work) -> bool:
        """Whether it was here; it is not any more."""
        with self._lock:
            return self._works.pop(work.item.sequence, None) is not None

    def all(self) -> list[Work]:
        """What is in it, oldest first."""
        with self._lock:
            return list(self._works.values())

    def close(self) -> list[Work]:
        """Ends the thread; what is in it goes back to the hub at once. What that was."""
        self._stop.set()
        self._thread.join()
        left = [work for work in self.all() if self.drop(work)]
        for work in left:
            work.item.nak()
        return left

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            now_s = time.monotonic()
            for work in self.all():
                if self.timeout_s is not None and now_s - work.began_s > self.timeout_s:
                    self.overdue(work)
                else:
                    work.item.in_progress()
