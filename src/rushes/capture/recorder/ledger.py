"""The count of a recording's frames."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Ledger", "RecorderStats", "Summary"]


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """One moment of a recording: offered = written + dropped by reason + waiting.

    ``dropped``: "rate" (more than were asked for), "memory" (the writers were behind), "bad" (could not be
    encoded), "disk full", "budget", "cancelled". ``late``: deadlines that passed while the source was kept from
    capturing; those frames never were. ``bytes`` on disk.
    """

    offered: int = 0
    written: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    late: int = 0
    bytes: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds; False would be a bug of the recorder."""
        return self.waiting >= 0 and self.offered == self.written + sum(self.dropped.values()) + self.waiting


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished recording: ``captured`` frames came, of which ``written`` can be had from the output.

    ``reason``: "stopped", "cancelled", "source ended", "source lost", "disk full", "budget", or "disk error" when
    the output could not be written for another reason than room.
    """

    captured: int
    written: int
    late: int
    dropped: Mapping[str, int]
    bytes: int
    reason: str


class Ledger:
    """Counts from any thread. Each frame is offered once and then written or dropped once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offered = self._written = self._waiting = 0
        self._dropped: dict[str, int] = {}

    def offer(self) -> None:
        """A frame came and waits."""
        with self._lock:
            self._offered += 1
            self._waiting += 1

    def write(self) -> None:
        """A waiting frame was written."""
        with self._lock:
            self._waiting -= 1
            self._written += 1

    def drop(self, reason: str) -> None:
        """A waiting frame was given up."""
        with self._lock:
            self._waiting -= 1
            self._dropped[reason] = self._dropped.get(reason, 0) + 1

    def settle(self, kept: int, reason: str) -> None:
        """Of those written only ``kept`` are really there; the others are lost for that reason."""
        with self._lock:
            lost = self._written - kept
            if lost > 0:
                self._written = kept
                self._dropped[reason] = self._dropped.get(reason, 0) + lost

    def stats(self, late: int = 0, size: int = 0) -> RecorderStats:
        """The counts of this moment."""
        with self._lock:
            return RecorderStats(self._offered, self._written, dict(self._dropped), self._waiting, late, size)
