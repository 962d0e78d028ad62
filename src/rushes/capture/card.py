"""The animated test card as a source: ``testcard:WxH@fps``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rushes.capture.pace import Paced
from rushes.capture.testcard import TestCard
from rushes.clock import SYSTEM
from rushes.errors import ConfigError
from rushes.frame import Frame
from rushes.interfaces import SourceInfo

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["CardSource", "open_card"]

_PLACE = re.compile(r"(?:(\d+)x(\d+))?(?:@(\d+(?:\.\d+)?))?")
_SIZE = (1280, 720)
_FPS = 30.0


def open_card(rest: str, *, uri: str, fps: float | None = None, format: str = "bgr24") -> CardSource:
    """``testcard:``, ``testcard:640x480``, ``testcard:640x480@25``; ``fps`` wins over the rate written there.

    ``format`` is "bgr24", "rgb24", "bgra", "gray8" or "i420". Raises ConfigError for what cannot be drawn.
    """
    found = _PLACE.fullmatch(rest)
    if found is None:
        raise ConfigError(f'{uri!r}: write a test card like "testcard:1280x720@30"', option="uri")
    width, height, rate = found.groups()
    size = (int(width), int(height)) if width else _SIZE
    return CardSource(*size, fps or (float(rate) if rate else _FPS), format)


class CardSource(Paced):
    """Draws the card ``fps`` times a second. Each frame owns its pixels."""

    def __init__(self, width: int, height: int, fps: float, format: str = "bgr24") -> None:
        super().__init__(f"testcard:{width}x{height}@{fps:g}", fps)
        self._card = TestCard(width, height, fps, format)
        self._other: TestCard | None = None

    @property
    def info(self) -> SourceInfo:
        """The size and rate asked for."""
        return SourceInfo(self._card.width, self._card.height, self.fps, self._card.format)

    def grab_into(self, array: Pixels, format: str, number: int) -> int:
        """Draws frame ``number`` straight into ``array``."""
        self._check_open()
        card = self._drawing(format)
        now_ns = SYSTEM.wall_ns()
        card.draw(array, number, now_ns)
        return now_ns

    def _grab(self, number: int) -> Frame:
        array = np.empty(self._card.shape, np.uint8)
        now_ns = self._clock.wall_ns()
        self._card.draw(array, number, now_ns)
        return Frame(array, number, captured_ns=now_ns, format=self._card.format)

    def _drawing(self, format: str) -> TestCard:
        """The card in the layout of the caller's memory, which is asked for again and again."""
        if format == self._card.format:
            return self._card
        if self._other is None or self._other.format != format:
            even = 2 if format == "i420" else 1
            width, height = self._card.width // even * even, self._card.height // even * even
            self._other = TestCard(width, height, self.fps, format)
        return self._other
