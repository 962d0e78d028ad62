"""Warnings about what may come over and over: a peer that sends nothing but nonsense must not fill the disk with it."""

from __future__ import annotations

import time

__all__ = ["Seldom"]

_EVERY_S = 5.0


class Seldom:
    """Whether something is to be said once more: the first time, and then at most once in five seconds.

    One thread at a time.
    """

    def __init__(self) -> None:
        self._again_s = 0.0

    def due(self) -> bool:
        """Whether it is time; if so it counts as said."""
        now_s = time.monotonic()
        if now_s < self._again_s:
            return False
        self._again_s = now_s + _EVERY_S
        return True
