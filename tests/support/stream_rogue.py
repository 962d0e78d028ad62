"""Peers that send what no streamer would: plain sockets, the headers made by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import zmq

from rushes import codecs
from rushes.wire.message import Header
from tests.unit.wire.messages import forged, header

SHAPE = (48, 64, 3)
PIXELS = bytes(range(96)) * 96


class Rogue:
    """A publisher bound to ``address``. ``good`` sends sound frames of one run, of 48x64 pixels."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.socket = context.socket(zmq.XPUB)
        self.socket.linger = 0
        self.socket.sndhwm = 0
        self.socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.socket.setsockopt(zmq.RCVTIMEO, 20_000)
        self.address = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def joined(self, topic: bytes = b"p") -> None:
        """Waits until the topic is subscribed to; also for one that comes again."""
        while self.socket.recv() != b"\x01" + topic:
            pass

    def raw(self, *parts: bytes) -> None:
        self.socket.send_multipart(parts)

    def send(self, made: Header, payload: bytes) -> None:
        self.raw(forged(made), payload)

    def good(self, *numbers: int) -> None:
        for number in numbers:
            self.send(frame(number), PIXELS)


def frame(number: int, payload: bytes = PIXELS, **changes: Any) -> Header:
    """The header of a raw frame, or of what the changes make of it."""
    return header(**{"number": number, "shape": SHAPE, "length": len(payload)} | changes)


def jpeg() -> bytes:
    """A JPEG of 48x64 pixels."""
    import numpy as np

    return codecs.jpeg.encode(np.frombuffer(PIXELS, np.uint8).reshape(SHAPE), "bgr24")


def resized(data: bytes, height: int, width: int) -> bytes:
    """The same JPEG with another size in its header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 4 :]


def fields(**changes: Any) -> list[Any]:
    """The header of frame 1 as a plain list, to be made worse."""
    values: list[Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(frame(1)))
    names = Header.__struct_fields__
    for name, value in changes.items():
        values[names.index(name)] = value
    return values


@contextlib.contextmanager
def rogue() -> Iterator[Rogue]:
    with zmq.Context() as context:
        made = Rogue(context)
        try:
            yield made
        finally:
            made.socket.close()
