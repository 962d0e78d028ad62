"""How often one may try to log in: a few times a minute, and all together not much oftener (pure but for its lock)."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from rushes.server.problems import Refused

__all__ = ["Attempts"]

_WINDOW_S = 60.0
_EACH = 5
_ALL = 30
_MOST_ADDRESSES = 1000


class Attempts:
    """Counts the failures of the last minute. ``now_s`` by a clock that never goes back. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=_ALL)

    def check(self, address: str, now_s: float) -> None:
        """Returns where another attempt may be made; Refused with 429, telling when the next may, otherwise."""
        with self._lock:
            mine = self._failed.get(address, deque(maxlen=_EACH))
            waits = [_wait(mine, _EACH, now_s), _wait(self._all, _ALL, now_s)]
        if max(waits) > 0:
            seconds = int(max(waits)) + 1
            raise Refused(
                "too many failed logins",
                status=429,
                remedy=f"try again in {seconds} s",
                kind="TooManyLogins",
                retry_s=seconds,
            )

    def failed(self, address: str, now_s: float) -> None:
        """Notes a failure."""
        with self._lock:
            self._failed.setdefault(address, deque(maxlen=_EACH)).append(now_s)
            self._failed.move_to_end(address)
            self._all.append(now_s)
            while len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)


def _wait(times: deque[float], most: int, now_s: float) -> float:
    """Seconds until the oldest of so many failures is a minute old."""
    return 0.0 if len(times) < most else max(0.0, times[0] + _WINDOW_S - now_s)
