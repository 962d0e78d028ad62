"""Where a video's bytes go: a file that only grows, is counted, and stays whole when the disk is full."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Output"]


class Output:
    """What the library writes into: every byte of every call, counted.

    After the first error nothing more is written and no further error raised: the library tries on, and each
    further error would only be printed. The first one is in ``error``, and the library raises it as it is.

    Without ``seekable`` the library cannot go back, so the file is at any moment what it was plus an end.
    """

    def __init__(self, file: BinaryIO, *, seekable: bool, own: bool) -> None:
        self.size = 0
        self.error: OSError | None = None
        self.closed = False
        self.name = "<output>"
        self._file = file
        self._own = own
        self._whole = 0
        self._seekable = seekable

    def write(self, data: bytes) -> int:
        """All of ``data``; what the file raises is remembered and raised once."""
        if self.error is not None:
            return len(data)
        rest = memoryview(data)
        try:
            while rest:
                # A raw file may take a part only, and on a full disk does so before it refuses.
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.error = error
            raise
        self.size = self._file.tell() if self._seekable else self.size + len(data)
        return len(data)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # The library takes a file for seekable when it has these methods at all.
        if name in ("seek", "tell") and self._seekable:
            method: Callable[..., Any] = getattr(self._file, name)
            return method
        raise AttributeError(name)

    def mark_whole(self) -> None:
        """Everything so far can be decoded."""
        self._whole = self.size

    def finish(self) -> None:
        """Closes the file if it is ours; after an error its undecodable end is cut off first."""
        self.closed = True
        if not self._own:
            return
        try:
            if self.error is not None and not self._seekable:
                os.ftruncate(self._file.fileno(), self._whole)
                self.size = self._whole
        finally:
            self._file.close()
