"""imagezmq with JPEG by simplejpeg, as its own examples do; way "pub" or "reqrep"."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import simplejpeg

if TYPE_CHECKING:
    from benchmarks._ends import Job


class Sender:
    def __init__(self, job: Job) -> None:
        imagezmq: Any = importlib.import_module("imagezmq")
        self._sender = imagezmq.ImageSender(f"tcp://{job.address}", REQ_REP=job.way == "reqrep")
        self._quality = job.quality
        self._number = -1

    def send(self, array: Any) -> int | None:
        self._number += 1
        coded = simplejpeg.encode_jpeg(array, self._quality, "BGR", "420")
        self._sender.send_jpg(str(self._number), coded)
        return self._number

    def close(self) -> None:
        self._sender.zmq_socket.close(linger=0)
        self._sender.close()


class Receiver:
    def __init__(self, job: Job) -> None:
        imagezmq: Any = importlib.import_module("imagezmq")
        self._answers = job.way == "reqrep"
        self._hub = imagezmq.ImageHub(f"tcp://{job.address}", REQ_REP=self._answers)

    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        # It has no time-out of its own; the poll costs about what its users' second thread would.
        if not self._hub.zmq_socket.poll(round(wait_s * 1000)):
            return None
        number, coded = self._hub.recv_jpg()
        if self._answers:
            self._hub.send_reply()
        return int(number), simplejpeg.decode_jpeg(coded, "BGR")

    def told(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._hub.zmq_socket.close(linger=0)
        self._hub.close()
