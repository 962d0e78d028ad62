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
from rushes.stream.handler import Handler

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    from rushes.stream import SendResult

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


class _Later(Handler):
    """A handler that programs ask for before the start: the stream's own is found when it is first used."""

    def __init__(self, find: Callable[[], Handler]) -> None:
        self._find = find
        self._found: Handler | None = None

    def __next__(self) -> dict[str, Any]:
        return next(self._real())

    def __call__(self, timeout: float = 0) -> Iterator[dict[str, Any] | None]:
        # A generator, for buffer() calls its handlers when it is made, which may be before the start, too.
        yield from self._real()(timeout)

    def wait(self, timeout_s: float) -> bool:
        return self._real().wait(timeout_s)

    def _real(self) -> Handler:
        if self._found is None:
            self._found = self._find()
        return self._found


class Streamer(stream.Streamer):
    """Sends frames of video; as :class:`rushes.stream.Streamer`, but the end of a with-block only stops it."""

    def send(self, frame: Any, meta: Mapping[str, Any] | None = None) -> SendResult:
        """Takes one frame, an array or a Frame, and returns at once; whether it was accepted, and its number."""
        return super().send(frame, meta)

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

    @property
    def handler(self) -> Handler:
        """The frames as dicts {arr, meta, ftime, fno, track}: to be iterated, or called with a time-out.

        May be had before ``start()``; ConfigError when it is used before.
        """
        return (
            super().handler if self.started or self.closed else _Later(lambda: super(Receiver, self).handler)
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Worker(stream.Worker):
    """Works on frames of one track; as :class:`rushes.stream.Worker`, but the end of a with-block only stops it."""

    @property
    def started(self) -> bool:
        """Whether frames are worked on now."""
        return self._desk is not None

    @property
    def handler(self) -> Handler:
        """The frames as dicts {arr, meta, ftime, fno, track, buf}: to be iterated, or called with a time-out.

        May be had before ``start()``; ConfigError when it is used before.
        """
        return super().handler if self.started or self.closed else _Later(lambda: super(Worker, self).handler)

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

    def send(self, arr: NDArray[Any], meta: dict[str, Any] | None = None) -> SendResult:
        """Sends one segment of samples and returns at once."""
        return super().send(arr, meta)


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
