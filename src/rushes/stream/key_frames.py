"""When to make a key frame because receivers ask for one (pure)."""

from __future__ import annotations

__all__ = ["KeyFrames"]

_LEAST_S = 0.25


class KeyFrames:
    """Each wish is good for one key frame of every track, and no track gets more than four a second: a key frame is
    many times as large as others, and one receiver that asks all the time must not make the stream so for all.
    """

    def __init__(self) -> None:
        self._wish = 0
        self._served: dict[str, tuple[int, float]] = {}

    def want(self) -> None:
        """Somebody wants one."""
        self._wish += 1

    def due(self, track: str, now_s: float) -> bool:
        """Whether the next frame of that track is to be one; if so, it will be."""
        served, when_s = self._served.get(track, (0, now_s - _LEAST_S))
        if served == self._wish or now_s - when_s < _LEAST_S:
            return False
        self._served[track] = self._wish, now_s
        return True
