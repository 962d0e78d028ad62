"""How far a receiver of this machine has come, kept in a file beside its socket: its frames outlive it, but no restart
of the machine, and neither need this.

Two places in the file take turns, each note with its length and checksum: a kill in the middle of a note leaves the
one before. A new file for each note, renamed over the old one, was rejected: it took half of a receiver's time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import threading
import zlib
from typing import TYPE_CHECKING

from rushes.wire.zmq_sockets import ipc_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NearClaim"]

_log = logging.getLogger("rushes.stream")
_HEAD = struct.Struct("<8sQQI")  # what it is, the turn, bytes of text, checksum of turn and text
_MAGIC = b"rushesP1"
# Far apart in a sparse file, so that no note can be too long for its place.
_APART = 1 << 30


class NearClaim:
    """:class:`rushes.wire.jet_claim.Claim` for who has bound the name, which one process has at a time. ``text`` is the
    last note of whoever had it before. Closed by ``close``.
    """

    def __init__(self, name: str) -> None:
        self._name = f"{name}+progress"
        self._file = os.open(ipc_folder() / self._name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()
        self._turn, self.text = max(_read(self._file, 0), _read(self._file, _APART))

    def note(self, text: bytes, then: Callable[[], object]) -> threading.Event:
        """Notes ``text`` in place of what was noted before; when this returns a kill does not undo it."""
        with self._lock:
            if self._file >= 0:
                self._turn += 1
                head = _HEAD.pack(_MAGIC, self._turn, len(text), _check(self._turn, text))
                try:
                    os.pwrite(self._file, head + text, self._turn % 2 * _APART)
                except OSError as error:
                    _log.warning("how far %s has come cannot be kept: %s", self._name, error)
        then()
        written = threading.Event()
        written.set()
        return written

    def close(self) -> None:
        """Nothing more is noted. Idempotent."""
        with self._lock:
            file, self._file = self._file, -1
        if file >= 0:
            with contextlib.suppress(OSError):
                os.close(file)


def _read(file: int, at: int) -> tuple[int, bytes]:
    """The turn and text of a place; (0, b"") where there is none that is whole."""
    head = os.pread(file, _HEAD.size, at)
    if len(head) < _HEAD.size:
        return 0, b""
    magic, turn, length, check = _HEAD.unpack(head)
    if magic != _MAGIC or length > _APART:
        return 0, b""
    text = os.pread(file, length, at + _HEAD.size)
    return (turn, text) if len(text) == length and _check(turn, text) == check else (0, b"")


def _check(turn: int, text: bytes) -> int:
    return zlib.crc32(text, turn & 0xFFFFFFFF)
