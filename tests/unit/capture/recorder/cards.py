"""Sources for recordings: of known frames, of frames on demand, and one that breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from rushes import Frame, SourceLost
from rushes.capture.records import SourceStats
from rushes.capture.testcard import TestCard
from rushes.interfaces import SourceInfo

STEP_NS = 40_000_000


class Cards:
    """``count`` frames of a test card, as fast as they are asked for; then it ends as told."""

    def __init__(self, count, size=(320, 180), format="bgr24", end="ended", pause_s=0.0):
        self.card = TestCard(size[0], size[1], 25, format)
        self.count, self.format, self.end, self.pause_s = count, format, end, pause_s
        self.info = SourceInfo(size[0], size[1], 25, format)
        self.open = threading.Event()
        self.gone = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        begun = time.time_ns()
        for number in range(self.count):
            array = np.empty(self.card.shape, np.uint8)
            at = begun + number * STEP_NS
            self.card.draw(array, number, at)
            time.sleep(self.pause_s)
            self.gone += 1
            yield Frame(array, number, captured_ns=at, format=self.format)
        if self.end == "lost":
            raise SourceLost("the link broke")
        if self.end == "raises":
            raise RuntimeError("a bug of the user's")
        if self.end == "waits":
            self.open.wait(60)

    def stats(self) -> SourceStats:
        return SourceStats("cards", offered=self.gone, delivered=self.gone)

    def close(self) -> None:
        self.closed = True
        self.open.set()
