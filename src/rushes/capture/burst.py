"""What a live stream sends at once when it is opened, and when that was taken (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_over", "origin_ns"]

_SECOND_NS = 1_000_000_000
# Those of one burst follow one another at once; pictures of any camera come further apart.
_AT_ONCE_NS = _SECOND_NS // 100
# A stream of more than a hundred a second would never be told from a burst otherwise.
_LONGEST_NS = _SECOND_NS // 4
# No server has kept more; times that say so are of two clocks.
_MOST_KEPT_S = 30.0


def is_over(first_ns: int, last_ns: int, now_ns: int) -> bool:
    """Whether what arrives now, after the first and the last one before it, came by itself."""
    return now_ns - last_ns >= _AT_ONCE_NS or now_ns - first_ns >= _LONGEST_NS


def origin_ns(pictures: Sequence[tuple[float, int]]) -> int:
    """When the first of these was taken, each its second of the stream's clock and when it arrived.

    A server that begins with what it had kept, or a reader that first looked at some, has the first ones arrive
    late and together. None arrives before it is taken, so the one that was the least late tells.
    """
    first_s, first_ns = pictures[0]
    if not all(0 <= at_s - first_s <= _MOST_KEPT_S for at_s, _ in pictures):
        return first_ns
    return min(arrived_ns - round((at_s - first_s) * _SECOND_NS) for at_s, arrived_ns in pictures)
