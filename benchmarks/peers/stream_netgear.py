"""vidgear's NetGear, its pattern of requests and replies; JPEG by simplejpeg is its own default.

It codes with 4:2:2, where all others use 4:2:0; that cannot be chosen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from benchmarks._ends import UNKNOWN

if TYPE_CHECKING:
    from benchmarks._ends import Job


def _gear(job: Job, *, receive_mode: bool) -> Any:
    gears: Any = importlib.import_module("vidgear.gears")
    host, _, port = job.address.rpartition(":")
    options = {"jpeg_compression_quality": job.quality}
    return gears.NetGear(address=host, port=port, pattern=1, receive_mode=receive_mode, **options)


class Sender:
    def __init__(self, job: Job) -> None:
        self._gear = _gear(job, receive_mode=False)

    def send(self, array: Any) -> int | None:
        # A frame has no number here; the one that it shows is read at the other end.
        self._gear.send(array)
        return UNKNOWN

    def close(self) -> None:
        self._gear.close()


class Receiver:
    def __init__(self, job: Job) -> None:
        self._gear = _gear(job, receive_mode=True)

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        # It waits without end, until the sender closes.
        array = self._gear.recv()
        return None if array is None else (UNKNOWN, array)

    def told(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._gear.close()
