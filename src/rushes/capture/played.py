"""What the ways of playing files share: keeping their time, going round, and being closed from anywhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import ConfigError
from rushes.lifecycle import Closeable, StopToken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeVar

    from rushes.codecs.video.demux import MediaInput

    T = TypeVar("T")

__all__ = ["GUESSED_FPS", "Played", "Player"]

GUESSED_FPS = 25.0
"""Of a video that does not tell its rate, and of pictures."""


class Player(Closeable):
    """Base of sources that play what is at ``path``, ``loop`` for ever. A subclass reads it."""

    def __init__(self, path: Path, *, pace: bool, loop: bool) -> None:
        super().__init__()
        self.name = f"file:{path}"
        self._path = path
        self._pace = pace
        self._loop = loop
        self._stop = StopToken(self.name)
        self._turn = threading.Lock()
        self._ended = False

    def _alone(self, items: Iterator[T]) -> Iterator[T]:
        """These, to one consumer at a time."""
        self._check_open()
        if not self._turn.acquire(blocking=False):
            raise ConfigError(f"{self.name} is being iterated already: a source has one consumer")
        return self._until_left(items)

    def _until_left(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        finally:
            self._turn.release()

    def _wait_until(self, due_ns: int) -> float:
        """Waits for that moment of the steady clock, or for a close. How many seconds it was late."""
        late_s = (SYSTEM.monotonic_ns() - due_ns) / 1e9
        if late_s < 0:
            self._stop.wait(-late_s)
        return late_s

    def _state(self) -> str:
        return "ended" if self._ended else "closed" if self.closed else "live"

    def _close(self) -> None:
        self._stop.set()


class Played(Player):
    """Base of sources that play a video file: a subclass reads ``_input``."""

    def __init__(self, path: Path, *, pace: bool, loop: bool) -> None:
        super().__init__(path, pace=pace, loop=loop)
        self._swap = threading.Lock()
        self._input = self._open()
        self._period_s = 1 / (self._input.info.fps or GUESSED_FPS)
        self._damage = 0  # of the rounds before this one

    def _unread(self) -> int:
        """Coded pictures that could not be read or decoded so far."""
        with self._swap:
            return self._damage + _lost(self._input)

    def _reopen(self) -> None:
        """From the beginning. Seeking back was rejected: not every file that can be played can go back."""
        former, fresh = self._input, self._open()
        with self._swap:
            self._damage += _lost(former)
            self._input = fresh
        former.close()
        if self._stop.stopped:  # a close that came in between met the former one
            fresh.close()

    def _open(self) -> MediaInput:
        from rushes.codecs.video.demux import MediaInput

        return MediaInput(self._path, close_token=self._stop)

    def _close(self) -> None:
        super()._close()
        self._input.close()


def _lost(source: MediaInput) -> int:
    return source.damage.bad_packets + source.damage.skipped_until_key
