"""Sources for archives: pictures of chosen moments that say which they are, and what asks for them again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import numpy as np

from rushes import Frame, SourceLost
from rushes.capture.records import SourceStats
from rushes.capture.testcard import TestCard
from rushes.interfaces import SourceInfo
from rushes.testing import read_card

S = 1_000_000_000
T = 1_700_000_000 * S
STEP = S // 25


class Film:
    """A picture for each of ``times``, numbered from 0, as fast as they are asked for; then it ends as told.

    ``figures`` and ``formats``: by number. ``hold``: before that number it waits for :meth:`go_on`.
    """

    def __init__(
        self,
        times: Iterable[int],
        size=(320, 180),
        *,
        format="i420",
        end="ended",
        hold=None,
        figures=None,
        sizes=None,
    ):
        self.times, self.size, self.format, self.end, self.hold = list(times), size, format, end, hold
        self.figures, self.sizes = figures or {}, sizes or {}
        self.info = SourceInfo(size[0], size[1], 25, format)
        self.gate, self.reached = threading.Event(), threading.Event()
        self._cards: dict[tuple[int, int], TestCard] = {}  # to make one takes longer than to draw it

    def __iter__(self) -> Iterator[Frame]:
        for number, captured_ns in enumerate(self.times):
            if number == self.hold:
                self.reached.set()
                assert self.gate.wait(60)
            yield self.frame(number, captured_ns)
        if self.end == "lost":
            raise SourceLost("the link broke")
        if self.end == "raises":
            raise RuntimeError("a bug of the user's")
        if self.end == "waits":
            self.reached.set()
            self.gate.wait(60)

    def frame(self, number, captured_ns):
        array = self.drawn(number, captured_ns)
        return Frame(
            array, number, captured_ns=captured_ns, format=self.format, figures=self.figures.get(number, ())
        )

    def drawn(self, number, captured_ns):
        size = self.sizes.get(number, self.size)
        if size not in self._cards:
            self._cards[size] = TestCard(size[0], size[1], 25, self.format)
        card = self._cards[size]
        array = np.empty(card.shape, np.uint8)
        card.draw(array, number, captured_ns)
        return array

    def go_on(self):
        self.gate.set()

    def stats(self):
        return SourceStats("film")

    def close(self):
        self.gate.set()


def steady(count, start=T, step=STEP):
    return [start + number * step for number in range(count)]


def record(archive, channel, times, **options):
    """All of the film is in the archive when this returns."""
    plan = {key: options.pop(key) for key in ("gop_s", "segment_s", "memory_bytes") if key in options}
    recording = archive.record(channel, Film(times, **options), **plan)
    assert recording.wait(60)
    stats = recording.stats()
    assert stats.adds_up
    return stats


def shown(frame):
    """The number that the picture itself says."""
    found = read_card(frame.to("bgr24").array)
    assert found is not None
    return found[0]
