"""The two ends of a live link over a real hub, and what they are told."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from typing import Any

from rushes.wire.hub import Hub
from rushes.wire.jet_live_in import LiveSubscriber
from rushes.wire.jet_live_out import LivePublisher
from rushes.wire.message import PIXELS
from tests.support.jet import LONG_S, until
from tests.support.nats_hub import Events


class Came:
    """What a viewer got. ``next()`` waits for it."""

    def __init__(self) -> None:
        self._came: queue.Queue[tuple[bytes, bytes]] = queue.Queue()

    def __call__(self, parts: list[memoryview]) -> None:
        head, payload = map(bytes, parts)
        self._came.put((head, payload))

    def next(self, timeout_s: float = LONG_S) -> tuple[bytes, bytes]:
        return self._came.get(timeout=timeout_s)

    def upto(self, payload: bytes) -> list[bytes]:
        """The payloads, the last of which is this one."""
        found: list[bytes] = []
        while payload not in found:
            found.append(self.next()[1])
        return found

    def empty(self) -> bool:
        return self._came.empty()


@contextlib.contextmanager
def publisher(
    running: Hub | str, stream: str = "cam", **options: Any
) -> Iterator[tuple[LivePublisher, Events]]:
    heard = Events()
    url, who = (running, None) if isinstance(running, str) else (running.url, running.credentials("streamer"))
    settings: dict[str, Any] = {"credentials": who, "name": "out", "hwm": 4, "on_event": heard, **options}
    with LivePublisher([url], stream, **settings) as made:
        yield made, heard


@contextlib.contextmanager
def viewer(
    running: Hub | str, stream: str = "cam", **options: Any
) -> Iterator[tuple[LiveSubscriber, Came, Events]]:
    came, heard = Came(), Events()
    url, who = (running, None) if isinstance(running, str) else (running.url, running.credentials("viewer"))
    settings: dict[str, Any] = {
        "credentials": who,
        "name": "in",
        "on_message": came,
        "on_event": heard,
        **options,
    }
    with LiveSubscriber([url], stream, **settings) as made:
        yield made, came, heard


def joined(out: LivePublisher, count: int = 1) -> None:
    """Waits until it knows of so many viewers."""
    assert until(lambda: out.subscribed(PIXELS), lambda found: found == count) == count


class Told:
    """What became of messages: ``sent`` and ``dropped``, each a list of names, and those ``done``."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.dropped: list[str] = []
        self.done: list[str] = []

    def of(self, name: str) -> dict[str, Any]:
        """The callbacks for one message."""
        return {
            "sent": lambda sent: (self.sent if sent else self.dropped).append(name),
            "done": lambda _: self.done.append(name),
        }
