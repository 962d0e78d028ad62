"""rushes: way "jpeg" or "raw" through the socket, as between machines; "near", as it is between two programs of one
machine at the same address, where pixels stay in shared memory whatever the codec; "shm", the same by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.stream.receiver import Receiver as _Receiver
from rushes.stream.streamer import Streamer

if TYPE_CHECKING:
    from benchmarks._ends import Job


def _endpoint(job: Job) -> str:
    if job.way == "shm":
        return f"shm://{job.address}"
    options = {"near": "", "raw": "?shm=no&hwm=64"}.get(job.way, "?shm=no")
    return f"tcp://{job.address}{options}"


class Sender:
    def __init__(self, job: Job) -> None:
        codec = "raw" if job.way == "raw" else "jpeg"
        self._streamer = Streamer(_endpoint(job), codec=codec, quality=job.quality).start()

    def send(self, array: Any) -> int | None:
        result = self._streamer.send(array)
        return result.number if result.accepted else None

    def close(self) -> None:
        self._streamer.close()


class Receiver:
    def __init__(self, job: Job) -> None:
        self._receiver = _Receiver(_endpoint(job))
        self._receiver.start()
        self._items: Any = None

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        if self._items is None:
            self._items = self._receiver.handler(timeout=round(wait_s * 1000))
        item = next(self._items)
        return None if item is None else (item["fno"], item["arr"])

    def told(self) -> dict[str, int]:
        return dict(self._receiver.stats().dropped)

    def close(self) -> None:
        self._receiver.close()
