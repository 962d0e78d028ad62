"""What a stream says of itself: the answer to one send, and the counters of either end (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SendResult", "StreamStats"]


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of one ``send``.

    ``accepted``: the streamer took the frame; :class:`StreamStats` says what becomes of it later. ``number`` is
    the one it travels under. ``reason`` is "" or why it was not taken: "full", "stopped".
    """

    accepted: bool
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StreamStats:
    """The counters of one end since it was made; those of the other end stay 0.

    A sender: ``offered`` = ``sent`` + dropped + ``waiting``. "sent" is handed to the network, or put into the
    depot. Dropped for: "full" (newer frames took the room, or there was none), "no receiver" (nobody was
    connected), "too large" (for the hub), "bad" (could not be encoded), "stopped" (still waiting at the stop).

    A receiver: ``expected`` = ``delivered`` + dropped + ``waiting``, expected by number from the first that came.
    Dropped for: "wire" (never came), "stale" (newer ones took their place before anyone asked for them), "late"
    (came after their Gap), "bad" (could not be decoded).

    ``refused`` counts messages of which no number could be read, ``duplicates`` numbers that came twice; neither
    is part of the sums. ``peers`` are connected now. ``bytes`` were sent, or came, payloads alone. ``runs``: how
    often the numbers began anew.
    """

    offered: int = 0
    sent: int = 0
    expected: int = 0
    delivered: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    refused: int = 0
    duplicates: int = 0
    peers: int = 0
    bytes: int = 0
    runs: int = 0

    @property
    def dropped_total(self) -> int:
        """All drops, whatever the reason."""
        return sum(self.dropped.values())

    @property
    def adds_up(self) -> bool:
        """Whether either invariant above holds."""
        through = self.sent + self.delivered + self.dropped_total + self.waiting
        return self.waiting >= 0 and self.offered + self.expected == through
