"""A line of work that one process after another does, and how long to wait between two (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.messages import Task
    from rushes.station.processes import Child

__all__ = ["Backoff", "Stage"]


class Backoff:
    """How long to wait before each restart: 0.2 s, doubling to 5 s, five times; ten seconds of life wipe the slate.

    Who lived so long did its work, and ends nobody's run by dying: a minute was rejected, with which a process that
    something kills twice a minute took the whole station with it.
    """

    FIRST_S = 0.2
    LONGEST_S = 5.0
    MOST = 5
    WINDOW_S = 10.0
    AGAIN_S = 30.0
    """Between two tries of what has worked and now dies over and over."""

    def __init__(self) -> None:
        self._row = 0
        self.worked = False
        """Whether any life was that long."""

    def died(self, lived_s: float) -> float | None:
        """Seconds to wait after a life of ``lived_s`` seconds; None when there have been too many deaths in
        a row.
        """
        if lived_s >= self.WINDOW_S:
            self._row, self.worked = 0, True
        self._row += 1
        if self._row > self.MOST:
            return None
        return float(min(self.LONGEST_S, self.FIRST_S * 2 ** (self._row - 1)))


class Stage:
    """One line of work, whichever process does it now. ``task`` is asked for each new process."""

    def __init__(self, name: str, task: Callable[[], Task]) -> None:
        self.name = name
        self.task = task
        self.child: Child | None = None
        self.backoff = Backoff()
        self.restarts = 0
        self.cause = ""
        """Why its last process ended before its time."""
        self.died_ns = 0
        """When that was, until the next one has said that it is there."""
        self.due_ns = 0
        self.stopped_ns = 0
        """Since when its process was found stopped while it was to end; 0: it is not."""
        self.done = False
        """Whether it said that its work is at an end, and is not to be started again."""
        self.wrong = self.elsewhere = False
        """Whether its last process ended because it was told to do what cannot be done, or what another one does."""
        self.failure = ""
        """Why it was given up; empty while it is not."""
        self.failing = False
        """Whether it died over and over, and is tried again now and then."""

    @property
    def idle(self) -> bool:
        """Whether no process does it now and one is to be started."""
        return self.child is None and not self.failure and not self.done

    @property
    def pid(self) -> int | None:
        """The process that does it now; None between two."""
        return None if self.child is None else self.child.pid
