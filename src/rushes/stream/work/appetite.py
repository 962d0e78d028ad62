"""How many results are asked for before their reader takes them (pure).

All that is held must be told of to the hub every moment, or it sends it again. A receiver that took whatever there was,
two thousand results and more, spent a busy machine's whole share of processor on that, and so never came to hand them
out: the further it was behind, the less it did.
"""

from __future__ import annotations

__all__ = ["ASKED", "Appetite"]

ASKED = 256
"""Results on their way at once, and results in order at most for which more are asked."""
_CHUNK = 32


class Appetite:
    """Each result that came uses up one of :data:`ASKED`; :meth:`due` says how many to ask for in their place."""

    def __init__(self) -> None:
        self._owed = 0

    def came(self) -> None:
        """One of those that were asked for is here, or is gone for good."""
        self._owed += 1

    def due(self, ready: int, *, full: bool, thirsty: bool) -> int:
        """How many more to ask for now. ``ready`` lie in order; a ``thirsty`` reader waits and none of those is for it,
        so that whatever lies there is no reason to stop. While it is ``full`` here there is room for no more.
        """
        if full or (ready >= ASKED and not thirsty):
            return 0
        if self._owed < _CHUNK and ready and not thirsty:
            return 0  # each request costs a message: a few at a time, unless there is nothing to go on with
        return self.all()

    def all(self) -> int:
        """All there is to ask for, full or not: to look for one that order waits for."""
        owed, self._owed = self._owed, 0
        return owed
