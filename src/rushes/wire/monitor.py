"""Who is at the other end (pure): the events of a socket's monitor, counted into peers that came and went."""

from __future__ import annotations

from typing import Literal

__all__ = ["REFUSALS", "REFUSED_S", "SILENT_S", "UNTENDED_S", "Change", "Happening", "Peers"]

Happening = Literal["connected", "ready", "refused", "broken", "disconnected", "retrying"]
Change = Literal["up", "down", "failed"]

REFUSALS = 3
"""So many refused handshakes in a row are no accident: the keys do not fit."""
REFUSED_S = 2.0
"""Nor are they when they go on for so long: a line whose server is starting again breaks three in a fifth of that."""
SILENT_S = 2.0
"""A handshake may take so long. A peer that is stopped stays silent for all of it, and refuses nobody."""
UNTENDED_S = 0.25
"""A connection that broke is taken up again at once, or never: after so long it is never."""


class Peers:
    """What one socket's events add up to. Time is the caller's, in seconds of any steady clock.

    A bound socket has many connections, and only their beginning and end are told with a number: a handshake
    is told without. So failures are counted and each is paired with the next end of a connection, and when no
    connection is left at all, the counts start anew: they cannot drift for good.
    """

    def __init__(self) -> None:
        self.up = 0
        self.refusals = 0
        self._refused_s = 0.0
        self._fitted = False
        self._live: set[int] = set()
        self._failed = 0
        self._began_s = 0.0
        self._ended_s: float | None = None
        self._was_up = False

    def note(self, what: Happening, number: int, now_s: float) -> Change | None:
        """Counts one event (``number``: of its connection, where told); what changed by it."""
        if what == "connected":
            self._live.add(number)
            self._began_s, self._ended_s = now_s, None
        elif what == "retrying":
            self._ended_s = None
        elif what == "ready":
            self.up += 1
            self.refusals, self._fitted = 0, True
            return "up"
        elif what == "disconnected":
            return self._ended(number, now_s)
        else:
            self._failed += 1
            # One that merely broke says nothing against keys that fitted before: a tunnel or a balancer takes
            # connections, and drops them, while its server is gone.
            broke = what != "refused"
            if not broke or (not self._fitted and now_s - self._began_s < SILENT_S * 0.9):
                self._refused_s = self._refused_s if self.refusals else now_s
                self.refusals += 1
            return "failed"
        return None

    def denied(self, now_s: float) -> bool:
        """True when the other end lets us not in, for all that can be known of it."""
        return self.refusals >= REFUSALS and now_s - self._refused_s >= REFUSED_S

    def untended(self, now_s: float) -> bool:
        """True when the one connection ended and nobody is going to take it up again."""
        return self._ended_s is not None and now_s - self._ended_s >= UNTENDED_S

    @property
    def waiting(self) -> bool:
        """True while it is open whether the connection that ended is taken up again."""
        return self._ended_s is not None

    @property
    def cut(self) -> bool:
        """True when the connection that ended last had been up: an untended end of it was no failed greeting."""
        return self._was_up

    def hung_up(self) -> None:
        """The caller itself ended the connection, or took it up again."""
        self._ended_s = None

    def _ended(self, number: int, now_s: float) -> Change | None:
        self._live.discard(number)
        self._ended_s = now_s
        failed = self._failed > 0
        self._was_up = not failed and self.up > 0
        if failed:
            self._failed -= 1
        elif self.up:
            self.up -= 1
        if not self._live:
            self.up = self._failed = 0
        return "down" if self._was_up else None
