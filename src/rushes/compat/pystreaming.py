"""The door for programs written for pystreaming: ``from rushes.compat.pystreaming import Streamer, Receiver``.

Names, arguments and their order are those of its documents; what it kept in submodules stands here as well. A
with-block stops what it started, and the next one starts it again. What is new in :mod:`rushes.stream` is here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes import stream
from rushes.stream import (
    IMAG_L,
    IMAG_M,
    IMAG_S,
    TEST_L,
    TEST_M,
    TEST_S,
    buffer,
    dispfps,
    display,
    loadimage,
    recv,
    send,
)

if TYPE_CHECKING:
    import os
    from types import TracebackType

__all__ = [
    "IMAG_L",
    "IMAG_M",
    "IMAG_S",
    "TEST_L",
    "TEST_M",
    "TEST_S",
    "AudioReceiver",
    "AudioStreamer",
    "Receiver",
    "Streamer",
    "Worker",
    "buffer",
    "dispfps",
    "display",
    "loadimage",
    "recv",
    "send",
]


class Streamer(stream.Streamer):
    """Sends frames of video; as :class:`rushes.stream.Streamer`, but the end of a with-block only stops it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Receiver(stream.Receiver):
    """Receives frames of video; as :class:`rushes.stream.Receiver`, but the end of a with-block only stops it."""

    @property
    def started(self) -> bool:
        """Whether frames are received now."""
        return self._started

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Worker(stream.Worker):
    """Works on frames of one track; as :class:`rushes.stream.Worker`, but the end of a with-block only stops it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class AudioStreamer(stream.AudioStreamer):
    """Sends segments of sound; as :class:`rushes.stream.AudioStreamer`. It need not be started, nor ended."""

    def __init__(
        self,
        endpoint: str,
        *,
        name: str | None = None,
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        super().__init__(endpoint, name=name, keys=keys, insecure=insecure)
        self.endpoint = endpoint
        # Bound here, as it always was: who connects before the first segment misses none.
        self.start()

    @property
    def fno(self) -> int:
        """The number of the next segment."""
        return self._number


class AudioReceiver(stream.AudioReceiver):
    """Receives segments of sound; as :class:`rushes.stream.AudioReceiver`. It need not be started, nor ended."""

    def __init__(
        self, endpoint: str, *, keys: str | os.PathLike[str] | None = None, insecure: bool = False
    ) -> None:
        super().__init__(endpoint, keys=keys, insecure=insecure)
        self.endpoint = endpoint
        self.start()

    def recv(self, timeout: float | None) -> dict[str, Any]:
        """The next segment; waits for it at most ``timeout`` milliseconds (None: as long as it takes).

        TimeoutError when none came.
        """
        return super().recv(timeout)
