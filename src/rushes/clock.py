"""What the time is and how to let some pass, behind one small seam.

Everything that waits or stamps takes a ``clock`` argument, so that a test can hand in the manual clock of
:mod:`rushes.testing` and decide itself when time passes.
"""

from __future__ import annotations

import time
from typing import Protocol, runtime_checkable

__all__ = ["SYSTEM", "Clock", "SystemClock"]


@runtime_checkable
class Clock(Protocol):
    """The two readings of time and the one way to wait.

    ``wall_ns`` may jump when the machine's clock is set: stamp frames with it. ``monotonic_ns`` never goes
    back: measure and pace with it.
    """

    def wall_ns(self) -> int:
        """UTC nanoseconds since the epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since some fixed moment, the same in all processes of one running machine."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns after ``seconds``; at once when that is zero or less."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def wall_ns(self) -> int:
        """As :class:`Clock` says."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """As :class:`Clock` says."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """As :class:`Clock` says; a negative number, which the system would refuse, is no wait."""
        if seconds > 0:
            time.sleep(seconds)


SYSTEM = SystemClock()
"""The one used where no other clock is given."""
