"""Frames and gaps that are ready to be taken, in order (pure)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rushes.wire.flow import Gap

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from rushes.wire.message import Header

__all__ = ["Held", "Outbox", "Ready"]

_MOST_GAPS = 64


class Held(Protocol):
    """A picture whose pixels are made when they are asked for."""

    def pixels(self, format: str, shape: tuple[int, ...], /) -> NDArray[Any]:
        """The pixels, laid out as ``format``."""
        ...


class Ready(NamedTuple):
    """A decoded frame; its pixels, or what they can be had of."""

    header: Header
    array: NDArray[Any] | Held


class Outbox:
    """Bounded by whoever puts: frames are decoded only when few are ready. Gaps are merged where they touch, and of
    more than 64 that nobody takes the oldest are forgotten: their numbers stay counted.
    """

    def __init__(self) -> None:
        self._items: deque[Ready | Gap] = deque()
        self.frames = 0

    def put(self, item: Ready | Gap) -> None:
        """Adds one, behind all others."""
        if isinstance(item, Ready):
            self.frames += 1
            self._items.append(item)
            return
        last = self._items[-1] if self._items else None
        if (
            isinstance(last, Gap)
            and last.last + 1 == item.first
            and (last.reason, last.track) == (item.reason, item.track)
        ):
            self._items[-1] = Gap(last.first, item.last, item.reason, item.track)
            return
        self._items.append(item)
        if len(self._items) - self.frames > _MOST_GAPS:
            self._items.remove(next(each for each in self._items if isinstance(each, Gap)))

    def take(self, wanted: Callable[[Ready | Gap], bool]) -> Ready | Gap | None:
        """The first that is wanted, or None; what is not wanted stays for others."""
        for place, item in enumerate(self._items):
            if wanted(item):
                del self._items[place]
                self.frames -= isinstance(item, Ready)
                return item
        return None

    def has(self, wanted: Callable[[Ready | Gap], bool]) -> bool:
        """Whether :meth:`take` would give something."""
        return any(wanted(item) for item in self._items)

    def outdate(self, keep: int = 0, *, spare_first: bool = False) -> int:
        """All frames but the newest ``keep``, and the first where that is to be spared, become Gaps, "stale"; how many
        did.
        """
        old = left = max(0, self.frames - keep - spare_first)
        kept, self._items, self.frames = self._items, deque(), 0
        for item in kept:
            if isinstance(item, Ready) and left and not (spare_first and not self.frames):
                left -= 1
                number = item.header.number
                self.put(Gap(number, number, "stale", item.header.track))
            else:
                self.put(item)
        return old
