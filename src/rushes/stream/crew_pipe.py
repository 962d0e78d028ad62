"""What a crew and its processes say to one another, over a pair of connected sockets.

A note is its kind and two lengths, then the head and the payload as they are. multiprocessing's own connections were
rejected: they only send one object at a time, copied, and wait while they read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rushes.errors import BadMessage

if TYPE_CHECKING:
    import socket

    from typing_extensions import Buffer

__all__ = [
    "DONE",
    "MOST_HEAD",
    "MOST_PAYLOAD",
    "PLACED",
    "RAISED",
    "READY",
    "REAP",
    "SAME",
    "START",
    "TASK",
    "UNFIT",
    "UNSEEN",
    "Note",
    "Reader",
    "Start",
    "laid_out",
    "push",
]

START, TASK, PLACED = 1, 2, 8
"""PLACED is TASK with a place in shared memory instead of the payload."""
READY, UNFIT, DONE, SAME, RAISED, UNSEEN = 3, 4, 5, 6, 7, 9
"""SAME is DONE with the payload that came with the task, which need not go back. UNSEEN: the place cannot be looked
into."""

REAP = b"reap "
"""What the process that forks the others is told before a process id, whose exit code it is to tell. Without it a
descriptor comes, for a new process.
"""

MOST_HEAD = 2 * 1024 * 1024
MOST_PAYLOAD = 64 * 1024 * 1024

_PREFIX = struct.Struct("<BIQ")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The first note: which function to call, and where the parent would find it.

    ``script`` is the program's file when the function is one of ``__main__``, ``module`` its name when it was
    started as a module; each "" else.
    """

    function: str
    quality: int | None
    script: str
    module: str
    path: list[str]
    argv: list[str]


class Note(NamedTuple):
    """One note as it came; ``head`` and ``payload`` are memory of its own."""

    kind: int
    head: bytearray
    payload: memoryview


def laid_out(kind: int, head: Buffer = b"", payload: Buffer = b"") -> list[memoryview]:
    """The note as parts to :func:`push`; none is copied."""
    parts = [memoryview(head), memoryview(payload)]
    prefix = _PREFIX.pack(kind, parts[0].nbytes, parts[1].nbytes)
    return [memoryview(prefix), *(part.cast("B") for part in parts if part.nbytes)]


def push(sock: socket.socket, parts: list[memoryview]) -> bool:
    """Sends from the front of ``parts`` what the socket takes and removes it; whether that was all."""
    while parts:
        try:
            sent = sock.sendmsg(parts)
        except BlockingIOError:
            return False
        while parts and sent >= len(parts[0]):
            sent -= len(parts.pop(0))
        if sent:
            parts[0] = parts[0][sent:]
    return True


class Reader:
    """Reads notes from a socket, waiting or not as the socket does."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._parts: list[bytearray] = []
        self._missing = memoryview(b"")
        self._expect(_PREFIX.size)

    def read(self) -> Note | None:
        """The next note; None when the socket does not wait and holds no whole one yet.

        EOFError at the other side's end, BadMessage for lengths that no note has.
        """
        while True:
            while self._missing:
                try:
                    count = self._sock.recv_into(self._missing)
                except BlockingIOError:
                    return None
                except ConnectionResetError:
                    count = 0  # it ended with something unread
                if not count:
                    raise EOFError
                self._missing = self._missing[count:]
            note = self._next_part()
            if note is not None:
                return note

    def _expect(self, size: int) -> None:
        self._parts.append(bytearray(size))
        self._missing = memoryview(self._parts[-1])

    def _next_part(self) -> Note | None:
        kind, head, payload = _PREFIX.unpack(self._parts[0])
        if head > MOST_HEAD or payload > MOST_PAYLOAD:
            raise BadMessage(f"a note of {head} and {payload} bytes between a crew and its process")
        # Two buffers rather than one, so that raw pixels begin where memory is aligned for any dtype.
        if len(self._parts) < 3:
            self._expect(head if len(self._parts) == 1 else payload)
            return None
        note = Note(kind, self._parts[1], memoryview(self._parts[2]).toreadonly())
        self._parts = []
        self._expect(_PREFIX.size)
        return note
