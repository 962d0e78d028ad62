"""Three hubs as one cluster, of which any may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from rushes.wire.hub import Hub
from rushes.wire.hub_config import Cluster
from tests.support.nats_hub import Events, free_ports, hub


class Nodes:
    """The hubs by number."""

    def __init__(self, hubs: list[Hub], events: list[Events]) -> None:
        self.hubs, self._events = hubs, events

    def endpoint(self, number: int, stream: str = "cam") -> str:
        """One node's address, for a stream."""
        return f"{self.hubs[number].url}/{stream}"

    def kill(self, number: int) -> None:
        """SIGKILL to a node's server; returns when it has been started again."""
        pid = self.hubs[number].stats().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._events[number].next("down")
        self._events[number].next("up")


@contextlib.contextmanager
def cluster(folder: Path, keys: Path | None = None) -> Iterator[Nodes]:
    ports = free_ports(3)
    events = [Events() for _ in ports]
    with contextlib.ExitStack() as stack:
        hubs = []
        for number, port in enumerate(ports):
            others = tuple(f"127.0.0.1:{each}" for each in ports if each != port)
            node = Cluster("farm", f"node-{number}", port, others)
            place = folder / node.node
            hubs.append(stack.enter_context(hub(place, keys=keys, cluster=node, on_event=events[number])))
        yield Nodes(hubs, events)
