"""An inbox, and what is looked at in one."""

from __future__ import annotations

from collections.abc import Callable

from rushes.stream.inbox import Inbox
from rushes.stream.outbox import Ready
from rushes.stream.records import StreamStats
from rushes.wire.flow import Gap
from tests.support.streams import anything, decode


def inbox(ahead: int = 1) -> Inbox:
    return Inbox(decode, ahead=ahead)


def drain(box: Inbox, wanted: Callable[[Ready | Gap], bool] = anything) -> list[int | Gap]:
    """All that can be taken without waiting: numbers, and Gaps."""
    items: list[int | Gap] = []
    while (item := box.take(0, wanted)) is not None:
        items.append(item if isinstance(item, Gap) else item.header.number)
    return items


def balanced(box: Inbox) -> StreamStats:
    stats = box.stats(0)
    assert stats.adds_up, stats
    return stats


def of_track(track: str) -> Callable[[Ready | Gap], bool]:
    return lambda item: (item.header.track if isinstance(item, Ready) else item.track) == track
