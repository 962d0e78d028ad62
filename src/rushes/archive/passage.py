"""What an export will be made of, and the times that its pictures get (pure)."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from rushes.archive.records import Span

if TYPE_CHECKING:
    from rushes.archive.records import Found, Gop, Segment

__all__ = ["Passage", "Shown", "last_needed"]

_PAUSE_NS = 2_000_000_000
_USUAL_NS = 40_000_000


def last_needed(gop: Gop, end_ns: int) -> int:
    """How many samples, in the order of decoding, hold all pictures up to ``end_ns``."""
    return max((turn + 1 for turn, sample in enumerate(gop.samples) if sample.t_ns <= end_ns), default=0)


class Passage:
    """Adds up the groups of pictures between two moments, one after the other.

    ``pictures`` are those from the first moment to the second; ``coded`` all from the key frame that the first
    builds upon. ``uniform``: all are of one coding, so that their samples can stand in one file.
    ``delay_ns``: how much later than its turn of decoding a picture is shown at most.
    """

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.start_ns, self.end_ns = start_ns, end_ns
        self.pictures = self.coded = 0
        self.uniform = True
        self.delay_ns = 0
        self.first: Segment | None = None
        self._steps: list[int] = []
        self._shown = Shown()

    def add(self, found: Found) -> None:
        """One group more, later than those before."""
        segment = found.segment
        self.first = self.first or segment
        self.uniform = self.uniform and _coding(segment) == _coding(self.first)
        count = last_needed(found.gop, self.end_ns)
        times = [sample.t_ns for sample in found.gop.samples[:count]]
        inside = [t_ns for t_ns in times if self.start_ns <= t_ns <= self.end_ns]
        self.coded += count
        self.pictures += len(inside)
        ordered = sorted(times)
        if ordered != times:
            self.delay_ns = max(self.delay_ns, *(a - b for a, b in zip(ordered, times, strict=True)))
        if len(self._steps) < 1000:
            self._steps += [b - a for a, b in pairwise(ordered) if b > a]
        self._shown.times(inside)

    @property
    def rate(self) -> float:
        """Pictures a second, as is usual in it."""
        fps = self.first.fps if self.first is not None else 0.0
        return 1e9 / median(self._steps) if self._steps else fps or 1e9 / _USUAL_NS

    @property
    def mean_rate(self) -> float:
        """Pictures a second over its whole length without the pauses."""
        steps, length_ns = self.pictures - 1, self._shown.length_ns
        return steps * 1e9 / length_ns if steps > 0 and length_ns else self.rate


class Shown:
    """When pictures are shown: from 0 on, with each pause of more than two seconds closed up to one step."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._shift_ns = 0
        self._step_ns = _USUAL_NS
        self._begin_ns = 0
        self._spans: list[Span] = []
        self.length_ns = 0

    @property
    def spans(self) -> tuple[Span, ...]:
        """From when to when there were pictures, pauses left out."""
        if self._last_ns is None:
            return ()
        return (*self._spans, Span(self._begin_ns, self._last_ns))

    def times(self, taken: list[int]) -> list[int]:
        """When the pictures taken at these moments are shown; together they are later than those before."""
        shown = {t_ns: self._next(t_ns) for t_ns in sorted(taken)}
        return [shown[t_ns] for t_ns in taken]

    def _next(self, t_ns: int) -> int:
        last_ns = self._last_ns
        if last_ns is None:
            self._begin_ns = self._shift_ns = t_ns
        elif t_ns - last_ns > _PAUSE_NS:
            self._spans.append(Span(self._begin_ns, last_ns))
            self._begin_ns = t_ns
            self._shift_ns += t_ns - last_ns - self._step_ns
        elif t_ns > last_ns:
            self._step_ns = t_ns - last_ns
        self._last_ns = t_ns
        self.length_ns = t_ns - self._shift_ns
        return self.length_ns


def _coding(segment: Segment) -> tuple[str, bytes, int, int]:
    return segment.codec, segment.extradata, segment.width, segment.height
