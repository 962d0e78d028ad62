"""Links to a real hub, and what tests wait for on them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from rushes.wire.hub import Hub
from rushes.wire.jet_item import Item
from rushes.wire.jet_names import work_subject
from rushes.wire.jet_ticket import Ticket
from rushes.wire.jetstream import JetLink
from tests.support.nats_hub import Events, hub

T = TypeVar("T")
LONG_S = 30.0
WORK = work_subject("cam")


class Taken:
    """What came to a callback. ``next()`` waits for it."""

    def __init__(self) -> None:
        self._came: queue.Queue[Any] = queue.Queue()

    def __call__(self, what: Any) -> None:
        self._came.put(what)

    def item(self, timeout_s: float = LONG_S) -> Item:
        item = self._came.get(timeout=timeout_s)
        assert isinstance(item, Item)
        return item

    def items(self, count: int) -> list[Item]:
        return [self.item() for _ in range(count)]

    def nothing(self, wait_s: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        try:
            self._came.get(timeout=wait_s)
        except queue.Empty:
            return True
        return False


@contextlib.contextmanager
def link(running: Hub | str, role: str = "admin", **options: Any) -> Iterator[JetLink]:
    """A link in this role, closed at the end."""
    if isinstance(running, Hub):
        options.setdefault("credentials", running.credentials(role))
        running = running.url
    with JetLink([running], **options) as made:
        yield made


@contextlib.contextmanager
def linked(folder: Path, role: str = "admin", **options: Any) -> Iterator[tuple[Hub, JetLink]]:
    """A hub and a link to it."""
    with hub(folder) as running, link(running, role, **options) as made:
        yield running, made


def send(made: JetLink, numbers: range, *, payload: bytes = b"pixels", **options: Any) -> list[Ticket]:
    """Publishes numbered work; each has its number for a head."""
    return [made.publish(WORK, f"cam-{n}", b"%d" % n, payload, **options) for n in numbers]


def stored(tickets: list[Ticket]) -> list[int]:
    """Their numbers in the store, once they are all there."""
    return [ticket.result(LONG_S).sequence for ticket in tickets]


def numbers(items: list[Item]) -> list[int]:
    return [int(item.head) for item in items]


def until(look: Callable[[], T], wanted: Callable[[T], bool], timeout_s: float = LONG_S) -> T:
    """What ``look()`` gives when it is as wanted; the last of it when that never is."""
    end = time.monotonic() + timeout_s
    while not wanted(found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def kill(running: Hub, events: Events) -> None:
    """Kills the hub's server; returns when the hub has started it again."""
    pid = running.stats().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    events.next("down")
    events.next("up")
