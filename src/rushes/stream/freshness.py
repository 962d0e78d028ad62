"""When to let waiting frames go for the newest one (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["Freshness"]

_LOOKS = 3
_STANDING = 3


class Freshness:
    """Tells a short hold-up, which a queue is there to bridge, from a reader that cannot keep up.

    A queue that is never empty when its reader comes bridges nothing: it only makes every frame old, as network
    people know from their routers (controlled delay, RFC 8289). So when each of the last takes found several
    frames waiting, the reader gets the newest and the others are stale. A fixed rule was tried on paper and
    given up: keeping all makes a slow reader's frames as old as the queue is long, keeping one loses frames at
    every short hold-up.
    """

    def __init__(self, looks: int = _LOOKS, standing: int = _STANDING) -> None:
        self._found: deque[int] = deque(maxlen=looks)
        self._standing = standing
        self.slow = False

    def look(self, waiting: int) -> bool:
        """``waiting`` frames are there to be taken, at least one; whether to take the newest of them."""
        self._found.append(waiting)
        self.slow = len(self._found) == self._found.maxlen and min(self._found) >= self._standing
        return self.slow
