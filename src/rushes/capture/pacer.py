"""When the next frame is due (pure): the time is handed in, the answer is a wait or a tick.

Deadlines are absolute, ``start + k * period``, so neither the cost of the work nor the slack of a sleep adds
up to a drift. A deadline that has passed altogether is skipped and counted. Making it up was rejected: a
burst gives frames of one moment the times of several, and loads the machine just when it was too slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rushes.errors import ConfigError

__all__ = ["Pacer", "Tick"]

_SECOND_NS = 1_000_000_000
# 29.97 as a float is no short fraction; 1001 is the denominator of every broadcast rate.
_FINEST_RATE = 1001


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline ``number`` to serve now. It is ``late_ns`` past; ``skipped`` ones before it went unserved."""

    number: int
    late_ns: int
    skipped: int


class Pacer:
    """Deadlines at ``fps`` per second.

    ``start_ns`` is the deadline of tick 0 on any clock that never goes back; ``first`` is the tick to go on
    with after an interruption: what passed since then counts as skipped. A tick that comes more than half a
    period after its deadline counts as late. One thread at a time. ConfigError for a rate of zero or less.
    """

    def __init__(self, fps: float | Fraction, start_ns: int, *, first: int = 0) -> None:
        rate = Fraction(fps).limit_denominator(_FINEST_RATE) if fps > 0 else Fraction(0)
        if rate <= 0:
            raise ConfigError(f"fps must be at least {1 / _FINEST_RATE:.4f}, got {fps}", option="fps")
        self._period = Fraction(_SECOND_NS) / rate
        self._start_ns = start_ns
        self._next = first
        self.ticks = 0
        """Deadlines served."""
        self.late = 0
        """Of those, how many came more than half a period late."""
        self.skipped = 0
        """Deadlines that passed unserved."""

    @property
    def period_ns(self) -> float:
        """Nanoseconds between two deadlines."""
        return float(self._period)

    def wait_ns(self, now_ns: int) -> int:
        """Nanoseconds from ``now_ns`` until a tick is due; 0 when one is due already."""
        return max(0, self._deadline(self._next) - now_ns)

    def poll(self, now_ns: int) -> Tick | None:
        """The newest tick due at ``now_ns``, which is thereby served; None when none is due yet."""
        newest = self._newest_due(now_ns)
        if newest < self._next:
            return None
        tick = Tick(newest, now_ns - self._deadline(newest), newest - self._next)
        self._next = newest + 1
        self.ticks += 1
        self.skipped += tick.skipped
        self.late += 2 * tick.late_ns > self._period
        return tick

    def _deadline(self, tick: int) -> int:
        return self._start_ns + tick * self._period.numerator // self._period.denominator

    def _newest_due(self, now_ns: int) -> int:
        # floor(k * p / q) <= elapsed is k * p / q < elapsed + 1, and k is the largest whole number below.
        elapsed = now_ns - self._start_ns
        return -(-(elapsed + 1) * self._period.denominator // self._period.numerator) - 1
