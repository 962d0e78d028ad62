"""One viewer of a live view: what it is sent, and when (pure).

Two pictures may be under way to it that it has not said it drew; one more waits, and a newer one takes its place.
So it is behind by what it needs for two pictures, never by what fits into the buffers of sockets, which is seconds.
The second hides the way to it and back. Where drawing takes far longer than that, it would only lie and grow old
behind the first: then one is under way at a time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from rushes.server.live_words import Ack, Picture

__all__ = ["CREDIT", "LEFT", "NO_KEY", "PAUSED", "REASONS", "SLOW", "Ledger", "Viewer"]

CREDIT = 2
SLOW, PAUSED, LEFT, NO_KEY = "slow viewer", "paused", "left", "no key frame yet"
REASONS = (SLOW, PAUSED, LEFT, NO_KEY)
"""Why a viewer may not get a picture; each is as it should be."""

_NS_PER_MS = 1_000_000
_TURN = 1 << 32
# What is older, or from the future, is the mistake of a clock.
_GLASS_S = (-1.0, 60.0)
# Drawing that takes longer than the first makes a viewer a slow one, until it takes less than the second.
_SLOW_S, _QUICK_S = 0.1, 0.05
# Of the time a slow one takes, what it may lose by waiting for the way there and back.
_WAY_SHARE = 0.1
_SMOOTH = 0.3


class Ledger(Protocol):
    """Where is counted what became of each picture; a :class:`rushes.metrics.Edge` is one."""

    def offer(self, count: int = 1) -> None:
        """Pictures there were."""

    def deliver(self, count: int = 1) -> None:
        """Pictures the viewer said it drew."""

    def drop(self, reason: str, count: int = 1) -> None:
        """Pictures it never will."""


class _Sent(NamedTuple):
    number: int
    captured_ms: int
    at_s: float


class Viewer:
    """``builds``: pictures build upon those before them, so that after a loss all are dropped up to a key frame."""

    def __init__(self, ledger: Ledger, *, builds: bool = False, credit: int = CREDIT) -> None:
        self.paused = False
        self.dropped: dict[str, int] = {}
        """How many pictures it did not get, by reason."""
        self.offered = self.delivered = 0
        self._ledger, self._builds, self._credit = ledger, builds, credit
        self._slot: Picture | None = None
        self._sent: deque[_Sent] = deque()
        self._needs_key = builds
        self._why_key = NO_KEY
        self._took_s = 0.0
        self._slow = False

    @property
    def credit(self) -> int:
        """How many pictures may be under way now."""
        return 1 if self._slow else self._credit

    @property
    def waiting(self) -> int:
        """Pictures without an outcome: in the slot, and sent but not drawn."""
        return len(self._sent) + (self._slot is not None)

    @property
    def blocked(self) -> bool:
        """Whether a picture waits for an acknowledgement."""
        return self._slot is not None and len(self._sent) >= self.credit

    def begin(self, *, builds: bool) -> None:
        """Another rendition begins: what waits is of the old one."""
        self._drop_slot(SLOW)
        self._builds = self._needs_key = builds
        self._why_key = NO_KEY

    def offer(self, picture: Picture) -> bool:
        """There is a picture. True when the viewer needs a key frame to go on, and could take one: made before that it
        would only grow old, and be large for all others.
        """
        self.offered += 1
        self._ledger.offer()
        if self.paused:
            self._drop(PAUSED)
            return False
        if self._needs_key and not picture.key:
            self._drop(self._why_key)
            return len(self._sent) < self.credit
        if self._slot is not None:
            self._drop_slot(SLOW)
            if not picture.key:
                # The one that went is what this one builds upon.
                self._drop(SLOW)
                self._needs_key, self._why_key = True, SLOW
                return False
        self._needs_key = False
        self._slot = picture
        return False

    def take(self, now_s: float = 0.0) -> Picture | None:
        """The picture to send now; None while there is none, or too many are under way."""
        picture = self._slot
        if picture is None or self.paused or len(self._sent) >= self.credit:
            return None
        self._slot = None
        self._sent.append(_Sent(picture.number % _TURN, picture.captured_ns // _NS_PER_MS % _TURN, now_s))
        return picture

    def ack(self, ack: Ack, now_s: float = 0.0, way_s: float | None = None) -> float | None:
        """The viewer drew a picture, and so has all before it. How old it was then, in seconds; None when it was
        none that is under way, or a clock is wrong. ``way_s``: what the way to it and back takes, where it is known.
        """
        place = next((at for at, sent in enumerate(self._sent) if sent.number == ack.number), None)
        if place is None:
            return None
        captured_ms = self._sent[place].captured_ms
        self._took(now_s - self._sent[place].at_s, way_s)
        for _ in range(place + 1):
            self._sent.popleft()
        self.delivered += place + 1
        self._ledger.deliver(place + 1)
        age_ms = (ack.drawn_ms - captured_ms) % _TURN
        age_s = (age_ms - _TURN if age_ms >= _TURN // 2 else age_ms) / 1000
        return age_s if _GLASS_S[0] <= age_s <= _GLASS_S[1] else None

    def pause(self) -> None:
        """Nobody looks: nothing is sent. Idempotent."""
        self.paused = True
        self._drop_slot(PAUSED)
        self._needs_key, self._why_key = self._builds, NO_KEY

    def resume(self) -> None:
        """Somebody looks again. What was under way when nobody looked may never be drawn: it takes no credit."""
        if self.paused:
            self.paused = False
            self._drop_sent(PAUSED)

    def leave(self) -> None:
        """It is gone, and will say nothing more of what was under way."""
        self._drop_slot(LEFT)
        self._drop_sent(LEFT)

    def _took(self, seconds: float, way_s: float | None) -> None:
        self._took_s += (seconds - self._took_s) * _SMOOTH
        if self._slow:
            self._slow = self._took_s > _QUICK_S
        else:
            self._slow = way_s is not None and self._took_s > _SLOW_S and way_s < _WAY_SHARE * self._took_s

    def _drop_slot(self, reason: str) -> None:
        if self._slot is not None:
            self._slot = None
            self._drop(reason)

    def _drop_sent(self, reason: str) -> None:
        if self._sent:
            self._drop(reason, len(self._sent))
            self._sent.clear()

    def _drop(self, reason: str, count: int = 1) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + count
        self._ledger.drop(reason, count)
