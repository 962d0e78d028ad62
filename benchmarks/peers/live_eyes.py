"""Programs that look at a live view: by its socket, with or without acknowledgements, or as MJPEG."""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks._live_site import CHANNEL, PATIENCE_S, child, hear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

_HEAD = struct.Struct(">BBHIQQ")
_CHUNK = 1 << 16
_PART = re.compile(rb"Content-Length: (\d+)\r\n.*?X-Captured-Ns: (\d+)\r\n\r\n", re.DOTALL)


@dataclass
class Seen:
    """What one program saw after it had warmed up: of each picture how old it was when it was done with it, and when
    that was, in seconds.
    """

    ages_s: list[float] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    bytes: int = 0
    wrong: int = 0
    """Pictures whose strip did not say what their header says."""


@dataclass(frozen=True)
class Wish:
    """``way``: "socket" or "mjpeg". ``each_s``: how long it takes for each picture. ``decode``: the picture is decoded,
    and its age is that of the time painted in it.
    """

    at: str
    way: str = "socket"
    query: str = ""
    each_s: float = 0.0
    decode: bool = False
    warm_s: float = 1.0
    seconds: float = 4.0


def look(wishes: list[Wish]) -> list[Seen]:
    """All of them at once, in one fresh process."""
    with looking(wishes) as wait:
        return wait()


@contextlib.contextmanager
def looking(wishes: list[Wish]) -> Iterator[Callable[[], list[Seen]]]:
    """As :func:`look`, with something done meanwhile: what is given waits for the end."""
    process, line = child(_look, wishes)
    try:
        yield lambda: hear(line, PATIENCE_S + max(wish.seconds for wish in wishes))
    finally:
        line.close()  # first: one that is not listened to any more cannot end otherwise
        process.join()


def _look(wishes: list[Wish], line: Connection) -> None:
    async def all_of_them() -> list[Seen]:
        ways = {"socket": _socket, "mjpeg": _mjpeg}
        return list(await asyncio.gather(*(ways[wish.way](wish) for wish in wishes)))

    line.send(asyncio.run(all_of_them()))


class _Watch:
    def __init__(self, wish: Wish) -> None:
        self._wish, self.seen = wish, Seen()
        self._from = time.monotonic() + wish.warm_s
        self.until = self._from + wish.seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    async def take(self, captured_ns: int, payload: bytes) -> None:
        drawn_ns = captured_ns
        if self._wish.decode:
            drawn_ns = _painted(payload, captured_ns)
        if self._wish.each_s:
            await asyncio.sleep(self._wish.each_s)
        now = time.monotonic()
        if now < self._from:
            return
        if not drawn_ns:
            self.seen.wrong += 1
            return
        self.seen.ages_s.append((time.time_ns() - drawn_ns) / 1e9)
        self.seen.at_s.append(now - self._from)
        self.seen.bytes += len(payload)


def _painted(payload: bytes, captured_ns: int) -> int:
    """The time in the strip, as nanoseconds; 0 when it is not that of the header."""
    from rushes.codecs import jpeg
    from rushes.testing import read_card

    card = read_card(jpeg.decode(payload))
    captured_ms = captured_ns // 1_000_000
    if card is None or card[1] != captured_ms % 2**32:
        return 0
    return captured_ms * 1_000_000


async def _socket(wish: Wish) -> Seen:
    import websockets

    watch = _Watch(wish)
    address = f"ws://{wish.at}/ws/live/{CHANNEL}{wish.query}"
    async with websockets.connect(address, compression=None, max_size=None, max_queue=2) as socket:
        while not watch.over:
            message = await asyncio.wait_for(socket.recv(), 10)
            if isinstance(message, str):
                continue
            _, flags, _, _, number, captured_ns = _HEAD.unpack(message[: _HEAD.size])
            if flags & 2:
                continue
            await watch.take(captured_ns, message[_HEAD.size :])
            await socket.send(struct.pack(">II", number % 2**32, time.time_ns() // 1_000_000 % 2**32))
    return watch.seen


async def _mjpeg(wish: Wish) -> Seen:
    watch = _Watch(wish)
    host, _, port = wish.at.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 17)
    path = f"/api/channels/{CHANNEL}/live.mjpg{wish.query}"
    writer.write(f"GET {path} HTTP/1.0\r\nHost: {wish.at}\r\n\r\n".encode())
    held = b""
    while not watch.over:
        found = _PART.search(held)
        size = int(found[1]) if found else 0
        if found is None or len(held) < found.end() + size:
            data = await reader.read(_CHUNK)
            if not data:
                break
            held += data
            continue
        payload, held = held[found.end() : found.end() + size], held[found.end() + size :]
        await watch.take(int(found[2]), payload)
    writer.close()
    return watch.seen
