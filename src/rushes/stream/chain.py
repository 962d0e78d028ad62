"""Which coded pictures of a stream can be decoded, each building upon the one before it (pure)."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Chain", "mark", "upon"]

_ASK_AGAIN_S = 1.0

# Supplemental information of H.264 (unit type 6) of the kind "unregistered" (5), which decoders pass over: 16
# bytes that say whose it is, then the number in hexadecimal letters. As letters, because in plain bytes zeros
# would have to be escaped; so the length is always the same.
_OWNER = uuid.uuid5(uuid.NAMESPACE_URL, "rushes:upon").bytes
_DIGITS = 16
_START = b"\x00\x00\x00\x01\x06\x05" + bytes((len(_OWNER) + _DIGITS,)) + _OWNER
_END = b"\x80"
_NOTE = re.compile(re.escape(_START) + rb"([0-9a-f]{16})" + re.escape(_END))


def mark(data: bytes, number: int) -> bytes:
    """The coded picture ``data``, with a note before it that it builds upon the picture of that ``number``.

    The numbers alone do not tell: not each is coded, for some frames are dropped before, go raw, or were never
    numbered one after the other. What is marked is still H.264 for everybody.
    """
    return b"".join((_START, b"%016x" % number, _END, data))


def upon(data: Buffer) -> int | None:
    """The number in a note of :func:`mark`; None where there is none."""
    found = _NOTE.match(data)
    return int(found[1], 16) if found else None


class Chain:
    """The pictures of one run and track, told of each that comes, in the order in which they are to be decoded."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._skipped = False
        self._asked_s: float | None = None

    def arrived(self, number: int, key: bool, upon: int | None = None) -> bool:
        """Whether it can be decoded: then it must be, or :meth:`lost` be called.

        A picture that is no ``key`` frame builds upon the one whose number is ``upon`` (None: the number before its
        own), which must be the last that was decoded. A key frame that comes later than newer ones is not decoded:
        those to come do not build upon it.
        """
        if key:
            fits = self._last is None or number > self._last
        else:
            fits = self._last is not None and self._last == (number - 1 if upon is None else upon) < number
        if not fits:
            # One that comes too late was asked for before, if it mattered.
            self._skipped |= not key and (self._last is None or number > self._last)
            return False
        self._last = number
        if key:
            self._skipped, self._asked_s = False, None
        return True

    def lost(self) -> None:
        """What arrived last could not be decoded after all: nothing can before the next key frame."""
        self._last = None
        self._skipped = True

    def wants_key(self, now_s: float) -> bool:
        """Whether the sender should be asked for a key frame now: once when pictures begin to be skipped, and each
        second again while more of them are. ``now_s`` is of any clock that does not go back.
        """
        if not self._skipped or (self._asked_s is not None and now_s - self._asked_s < _ASK_AGAIN_S):
            return False
        self._skipped, self._asked_s = False, now_s
        return True
