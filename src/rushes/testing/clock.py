"""A clock that moves only when told to."""

from __future__ import annotations

import threading

__all__ = ["ManualClock"]

# A round moment in 2026: far enough from zero that code confusing wall and monotonic time is seen at once.
_START_NS = 1_767_225_600_000_000_000


class ManualClock:
    """A :class:`rushes.clock.Clock` for tests: time passes by :meth:`advance` alone. Any thread may use it.

    ``wall_ns`` starts at the given UTC nanoseconds, ``monotonic_ns`` at 0.
    """

    def __init__(self, wall_ns: int = _START_NS) -> None:
        self._changed = threading.Condition()
        self._wall_start = wall_ns
        self._now = 0
        self._sleepers = 0

    def wall_ns(self) -> int:
        """UTC nanoseconds, where :meth:`advance` and :meth:`set_wall` have put them."""
        with self._changed:
            return self._wall_start + self._now

    def monotonic_ns(self) -> int:
        """Nanoseconds advanced so far."""
        with self._changed:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Returns once others have advanced the clock by ``seconds``; at once for zero or less."""
        with self._changed:
            until = self._now + round(seconds * 1e9)
            if until <= self._now:
                return
            self._sleepers += 1
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._now >= until)
            finally:
                self._sleepers -= 1
                self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Moves both readings forward and wakes every sleeper whose time has come. Never back: ValueError."""
        step = round(seconds * 1e9)
        if step < 0:
            raise ValueError("a monotonic clock cannot be moved back; use set_wall for the other reading")
        with self._changed:
            self._now += step
            self._changed.notify_all()

    def set_wall(self, wall_ns: int) -> None:
        """Sets the wall reading, also back, as a time server or a person does; sleepers notice nothing."""
        with self._changed:
            self._wall_start = wall_ns - self._now

    @property
    def sleepers(self) -> int:
        """How many threads are in :meth:`sleep` now."""
        with self._changed:
            return self._sleepers

    def wait_for_sleepers(self, count: int = 1, timeout_s: float = 10.0) -> None:
        """Returns once ``count`` threads or more sleep; TimeoutError after ``timeout_s`` real seconds.

        Call it before :meth:`advance`, else the time may pass before the code under test begins to wait for
        it.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._sleepers >= count, timeout_s):
                raise TimeoutError(
                    f"{self._sleepers} of {count} threads went to sleep within {timeout_s:g} s"
                )
