"""pyzmq alone, in the least code that a good engineer would write: way "jpeg", "raw" (both PUB) or "push" (raw)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg
import zmq

if TYPE_CHECKING:
    from benchmarks._ends import Job

_NUMBER = struct.Struct("<q")
_HWM = 8
# libzmq looks once a millisecond whether room was made: at full speed a PUB with less room than that drops frames
# although hardly any wait.
_ROOMY_HWM = 64


def _socket(kind: int, job: Job) -> Any:
    socket: Any = zmq.Context.instance().socket(kind)
    socket.set_hwm(_HWM if job.way == "jpeg" else _ROOMY_HWM)
    return socket


class Sender:
    def __init__(self, job: Job) -> None:
        self._socket = _socket(zmq.PUSH if job.way == "push" else zmq.PUB, job)
        self._socket.bind(f"tcp://{job.address}")
        self._quality = job.quality
        self._coded = job.way == "jpeg"
        self._number = -1

    def send(self, array: Any) -> int | None:
        self._number += 1
        payload = simplejpeg.encode_jpeg(array, self._quality, "BGR", "420") if self._coded else array
        self._socket.send(_NUMBER.pack(self._number), zmq.SNDMORE)
        self._socket.send(payload, copy=False)
        return self._number

    def close(self) -> None:
        self._socket.close(linger=0)


class Receiver:
    def __init__(self, job: Job) -> None:
        self._socket = _socket(zmq.PULL if job.way == "push" else zmq.SUB, job)
        if job.way != "push":
            self._socket.subscribe(b"")
        self._socket.connect(f"tcp://{job.address}")
        self._coded = job.way == "jpeg"
        self._height = job.height

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        if not self._socket.poll(round(wait_s * 1000)):
            return None
        number = _NUMBER.unpack(self._socket.recv())[0]
        payload = self._socket.recv(copy=False).buffer
        if self._coded:
            return number, simplejpeg.decode_jpeg(payload, "BGR")
        array = np.frombuffer(payload, np.uint8)
        return number, array.reshape(self._height, -1, 3) if self._height else array

    def told(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._socket.close(linger=0)
