"""When to let waiting frames go for the newest one (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["Freshness"]

_LOOKS = 4
_STANDING = 3


class Freshness:
    """Tells a short hold-up, which a queue is there to bridge, from a reader that cannot keep up.

    A queue that never empties although its reader comes bridges nothing: it only makes every frame old, as network
    people know from their routers (controlled delay, RFC 8289). So when each of the last four takes found three
    frames or more, and the last no fewer than the first, the reader gets the newest one and the others are stale,
    until a take finds fewer. Fixed rules were given up: keeping all makes a slow reader's frames as old as the
    queue is long, keeping one loses frames at every short hold-up.
    """

    def __init__(self, looks: int = _LOOKS, standing: int = _STANDING) -> None:
        self._found: deque[int] = deque(maxlen=looks)
        self._standing = standing
        self.slow = False

    def look(self, waiting: int) -> bool:
        """``waiting`` frames are there to be taken, at least one; whether to take the newest of them."""
        found = self._found
        found.append(waiting)
        if waiting < self._standing:
            self.slow = False
        elif len(found) == found.maxlen and min(found) >= self._standing and found[-1] >= found[0]:
            self.slow = True
        return self.slow
