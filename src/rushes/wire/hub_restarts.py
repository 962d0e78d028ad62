"""When a server that died is started again, and when it is given up (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["Restarts"]


class Restarts:
    """At once after a life of 10 s or more; each shorter one doubles the wait, from 0.1 s to 5 s.

    Five deaths within 10 s end it: what dies so often has a cause that another start does not mend.
    """

    FIRST_S = 0.1
    LONGEST_S = 5.0
    MOST = 5
    WINDOW_S = 10.0

    def __init__(self) -> None:
        self._deaths: deque[float] = deque(maxlen=self.MOST)
        self._row = 0

    def died(self, now_s: float, lived_s: float) -> float | None:
        """Seconds to wait before the next start, after a death at ``now_s``; None to give up.

        The first death of a row waits for nothing: who was killed once comes back within the publishers' patience.
        """
        self._row = 0 if lived_s >= self.WINDOW_S else self._row + 1
        self._deaths.append(now_s)
        if len(self._deaths) == self.MOST and now_s - self._deaths[0] < self.WINDOW_S:
            return None
        if self._row <= 1:
            return 0.0
        return float(min(self.LONGEST_S, self.FIRST_S * 2 ** min(self._row - 2, 16)))
