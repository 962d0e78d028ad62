"""What happens to a station, for those who look now and for those who look later (pure but for the clock)."""

from __future__ import annotations

from collections import deque

from rushes.clock import SYSTEM

__all__ = ["NewsDesk"]

_KEPT = 100


class NewsDesk:
    """Takes lines from anybody; one reader takes each once, any number see the last hundred."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._fresh: deque[str] = deque(maxlen=_KEPT)

    def say(self, line: str, *, kept: bool = True) -> None:
        """Something happened; ``kept`` for those who look later."""
        if kept:
            self._kept.append((SYSTEM.wall_ns(), line))
        self._fresh.append(line)

    def take(self) -> tuple[str, ...]:
        """What was said since the last call."""
        taken = []
        while self._fresh:
            taken.append(self._fresh.popleft())
        return tuple(taken)

    def kept(self) -> tuple[tuple[int, str], ...]:
        """The last ones, with their UTC nanoseconds."""
        return tuple(self._kept)
