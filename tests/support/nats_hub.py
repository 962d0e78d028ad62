"""Hubs for tests, and clients of them as nats-py makes them."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig

from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub
from rushes.wire.hub_roles import Credentials
from rushes.wire.jet_session import drop

T = TypeVar("T")
Errors = asyncio.Queue[Exception]
LONG_S = 30.0


class Events:
    """What a hub told. ``next(what)`` waits for it, skipping others."""

    def __init__(self) -> None:
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()

    def __call__(self, what: str, detail: Any) -> None:
        self._heard.put((what, detail))

    def next(self, what: str, timeout_s: float = LONG_S) -> Any:
        while True:
            heard, detail = self._heard.get(timeout=timeout_s)
            if heard == what:
                return detail


@contextlib.contextmanager
def hub(folder: Path, address: str = "tcp://127.0.0.1:0", **options: Any) -> Iterator[Hub]:
    with Hub(parse(address), folder=folder, **options) as running:
        yield running


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end, which must come."""

    async def bounded() -> T:
        return await asyncio.wait_for(work, LONG_S)

    return asyncio.run(bounded())


@contextlib.asynccontextmanager
async def client(running: Hub | str, who: Credentials, **options: Any) -> AsyncIterator[Client]:
    """A connected client; ``errors`` in ``options`` is a queue that gets what the server complains of."""
    errors: Errors = options.pop("errors", None) or asyncio.Queue()

    url = running if isinstance(running, str) else running.url
    settings = {"connect_timeout": 5, "max_reconnect_attempts": 200, "reconnect_time_wait": 0.02}
    connection = Client()
    try:
        await connection.connect(url, error_cb=errors.put, **{**settings, **who.options(), **options})
    except BaseException:
        await drop(connection)  # nats-py leaves the socket of a connection that is refused open
        raise
    try:
        yield connection
    finally:
        await connection.close()


async def work_store(jetstream: JetStreamContext, name: str = "cam", **options: Any) -> None:
    """The store of a stream's frames, and the workers' claim on it."""
    settings: dict[str, Any] = {"retention": RetentionPolicy.INTEREST, "storage": StorageType.FILE, **options}
    await jetstream.add_stream(StreamConfig(name=f"W_{name}", subjects=[f"rushes.{name}.work"], **settings))
    claim = ConsumerConfig(durable_name="faces", ack_policy=AckPolicy.EXPLICIT, ack_wait=2)
    await jetstream.add_consumer(f"W_{name}", claim)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def gone(pid: int, timeout_s: float = LONG_S) -> bool:
    """Whether a process that is nobody's to wait for here ends in time; one that is only not reaped has ended."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status.rpartition(") ")[2].startswith("Z"):
            return True
        time.sleep(0.01)
    return False
