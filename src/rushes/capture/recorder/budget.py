"""How a video is kept below a number of bytes, though what is being encoded is not in the file yet."""

from __future__ import annotations

import errno
from typing import BinaryIO

__all__ = ["Bounded", "Groups", "OverBudget"]

# The index at the end of a file: its frame, and what each group of pictures adds to it.
_INDEX_BYTES = 64
_INDEX_OF_EACH_BYTES = 24


class OverBudget(OSError):
    """What would have gone over the budget was not written."""


class Bounded:
    """A file that refuses to get longer than ``limit`` bytes, None: does not. ``failed``: its first error.

    Whoever writes through the coder's library must look at that: it does not always raise what a write raised.
    """

    def __init__(self, file: BinaryIO, limit: int | None) -> None:
        self._file, self._limit = file, limit
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """As the file's. OverBudget, with nothing written, when it would get too long."""
        try:
            if self._limit is not None and self._file.tell() + len(data) > self._limit:
                raise OverBudget(errno.EDQUOT, "the recording's budget is used up")
            return self._file.write(data)
        except OSError as error:
            self.failed = self.failed or error
            raise


class Groups:
    """Looks ahead: a group of pictures is in the file only when the next one has begun.

    What is not there yet is taken for as large as the largest pictures were so far, which key frames are. Where
    that might no longer fit, a new group is begun early and what it really takes is seen; so groups get shorter
    as the end comes nearer, and the last picture that is taken fits. The second picture begins a group for that
    reason alone: without it nothing would be known before the first group is over.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = self._pending = self._written = self._largest = 0

    def fits(self) -> bool:
        """Whether one more picture surely will."""
        return not self._written or (self._pending + 1) * self._largest <= self._room()

    def begins(self) -> bool:
        """Whether that picture is to begin a group."""
        if not self._written:
            return self._pending == 1
        return (self._pending + 2) * self._largest > self._room()

    def took(self, size: int) -> None:
        """A picture was given to the encoder, and the file has that size now."""
        if self._pending and size > self._size:
            self._largest = max(self._largest, -(-(size - self._size) // self._pending))
            self._written += 1
            self._pending = 0
        self._size = size
        self._pending += 1

    def _room(self) -> int:
        return self._limit - self._size - _INDEX_BYTES - _INDEX_OF_EACH_BYTES * (self._written + 2)
