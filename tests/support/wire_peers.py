"""What tests of links share: a link whose events and messages can be waited for."""

from __future__ import annotations

import queue
import time
from typing import Any

from rushes.wire.endpoint import parse
from rushes.wire.zmq_link import Publisher
from rushes.wire.zmq_sub import Subscriber


class Heard:
    """Collects what a link tells."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.messages: queue.Queue[list[bytes]] = queue.Queue()

    def event(self, what: str, detail: Any) -> None:
        self.events.put((what, detail))

    def message(self, parts: list[memoryview]) -> None:
        self.messages.put([bytes(part) for part in parts])

    def wait(self, what: str, timeout_s: float = 20.0) -> Any:
        """The detail of the next event of that name; earlier ones are forgotten."""
        until = time.monotonic() + timeout_s
        while True:
            name, detail = self.events.get(timeout=max(0.01, until - time.monotonic()))
            if name == what:
                return detail

    def next(self, timeout_s: float = 20.0) -> list[bytes]:
        return self.messages.get(timeout=timeout_s)


def publisher(at: str = "tcp://127.0.0.1:0", **options: Any) -> tuple[Publisher, Heard]:
    heard = Heard()
    return Publisher(parse(at), on_event=heard.event, **options), heard


def subscriber(at: str, topics: tuple[bytes, ...] = (b"p",), **options: Any) -> tuple[Subscriber, Heard]:
    heard = Heard()
    return Subscriber(parse(at), topics, on_message=heard.message, on_event=heard.event, **options), heard
