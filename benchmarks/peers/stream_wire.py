"""rushes' wire layer without what encodes, decodes and orders above it: raw payloads, checked headers.

Way "keys": encrypted, with the keys in the folder beside the pictures.
"""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.wire.endpoint import parse
from rushes.wire.keys import load
from rushes.wire.message import PIXELS, Header, as_array, lay_out, pack, unpack
from rushes.wire.zmq_link import Publisher
from rushes.wire.zmq_sub import Subscriber

if TYPE_CHECKING:
    from benchmarks._ends import Job
    from rushes.wire.keys import Keys, Side


_HWM = 64
"""As bare pyzmq's, which see."""


def _no_matter(what: str, detail: object) -> None:
    pass


def _keys(job: Job, side: Side) -> Keys | None:
    return load(Path(job.pictures).with_name("keys"), side) if job.way == "keys" else None


class Sender:
    def __init__(self, job: Job) -> None:
        self._link = Publisher(
            parse(f"tcp://{job.address}"), keys=_keys(job, "server"), hwm=_HWM, on_event=_no_matter
        )
        self._number = -1

    def send(self, array: Any) -> int | None:
        self._number += 1
        dtype, shape, payload = lay_out(array)
        now = time.time_ns()
        header = Header(
            stream="bench",
            run=1,
            number=self._number,
            captured_ns=now,
            sent_ns=now,
            codec="raw",
            format="bgr24",
            dtype=dtype,
            shape=shape,
            length=payload.nbytes,
        )
        self._link.publish(PIXELS, pack(header), payload)
        return self._number

    def close(self) -> None:
        self._link.close()


class Receiver:
    def __init__(self, job: Job) -> None:
        self._came: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._link = Subscriber(
            parse(f"tcp://{job.address}"),
            (PIXELS,),
            keys=_keys(job, "client"),
            hwm=_HWM,
            on_message=self._came.put,
            on_event=_no_matter,
        )

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        try:
            message = unpack(self._came.get(timeout=wait_s))
        except queue.Empty:
            return None
        return message.header.number, as_array(message)

    def told(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._link.close()
