"""pystreaming 1.3.2 as its documents show it: two encoding and two decoding processes. Its quality is always 50."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks._ends import Job


def _forget(*devices: Any) -> None:
    """Its sockets stay behind in the folder for temporary files."""
    for device in devices:
        for address in (device.infd, getattr(device, "outfd", "")):
            if address.startswith("ipc://"):
                Path(address.removeprefix("ipc://")).unlink(missing_ok=True)


class Sender:
    def __init__(self, job: Job) -> None:
        pystreaming: Any = importlib.import_module("pystreaming")
        self._streamer = pystreaming.Streamer(f"tcp://{job.address}")
        self._streamer.start()

    def send(self, array: Any) -> int | None:
        # It numbers what it accepts.
        number: int = self._streamer.encoder.idx
        try:
            self._streamer.send(array)
        except RuntimeError:
            return None
        return number

    def close(self) -> None:
        self._streamer.stop()
        _forget(self._streamer.encoder, self._streamer.distributor)


class Receiver:
    def __init__(self, job: Job) -> None:
        pystreaming: Any = importlib.import_module("pystreaming")
        self._receiver = pystreaming.Receiver(f"tcp://{job.address}")
        self._receiver.start()
        self._items: Any = None

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        if self._items is None:
            self._items = self._receiver.handler(timeout=round(wait_s * 1000))
        item = next(self._items)
        return None if item is None else (item["fno"], item["arr"])

    def told(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._receiver.stop()
        _forget(self._receiver.receive, self._receiver.decoder)
