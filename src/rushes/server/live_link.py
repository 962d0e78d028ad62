"""Whether a viewer's link is too slow for what it is sent (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["LinkWatch"]

_WINDOW_S = 4.0
_AGAIN_S = 30.0
# Of the pictures there were: less lost than this nobody sees.
_LOST = 0.3
# Of those lost: the rest fell to drawing that was slow, which fewer bytes would not mend.
_BY_LINK = 0.7


class LinkWatch:
    """Says when most of what a viewer misses, it misses because bytes were still on their way to it.

    A viewer that draws slowly has taken all that was sent; a slow link has not let it through.
    """

    def __init__(self) -> None:
        self._missed = self._by_link = 0
        self._past: deque[tuple[float, int, int, int]] = deque()
        self._said_s: float | None = None

    def missed(self, unsent: bool) -> None:
        """A picture came while the viewer could take none; ``unsent``: bytes were still to be sent to it."""
        self._missed += 1
        self._by_link += unsent

    def look(self, now_s: float, offered: int) -> bool:
        """About once a second: whether to tell the viewer now. At most twice a minute."""
        past = self._past
        past.append((now_s, offered, self._missed, self._by_link))
        while len(past) > 1 and now_s - past[1][0] >= _WINDOW_S:
            past.popleft()
        began_s, offered_then, missed_then, by_link_then = past[0]
        if now_s - began_s < _WINDOW_S or (self._said_s is not None and now_s - self._said_s < _AGAIN_S):
            return False
        missed = self._missed - missed_then
        if (
            missed < _LOST * max(1, offered - offered_then)
            or self._by_link - by_link_then < _BY_LINK * missed
        ):
            return False
        self._said_s = now_s
        return True
