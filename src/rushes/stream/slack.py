"""Whether whoever sends has the time to encode its frames itself (pure)."""

from __future__ import annotations

from collections import deque
from statistics import median

__all__ = ["Slack"]

_TRIAL = 8
_REST, _LONGEST_REST = 256, 4096


class Slack:
    """A sender that waits for its camera or its clock between two frames could as well encode meanwhile: that spares
    the copy of the pixels and two wake-ups, a tenth of all that a stream costs. But ``send`` then takes as long as
    the encoder, and a sender that sleeps for a fixed time, or has other work, would send fewer frames.

    So it is tried, and judged by what it does to the rate: eight frames on other threads, then, if the sender was
    idle for longer than encoding takes, its own; and when frames then come more slowly by a quarter of the
    encoder's time, back, and not again for 256 frames, then twice as many. Asking the user was rejected: nobody
    knows such a thing of their program. All times are seconds of steady clocks: of the wall, and of the sending
    thread's own processor time.
    """

    def __init__(self) -> None:
        self.here = False
        self._thread = 0
        self._begun_s = self._ended_s = self._ended_cpu_s = 0.0
        self._intervals: deque[float] = deque(maxlen=_TRIAL)
        self._idle: deque[float] = deque(maxlen=_TRIAL)
        self._usual_s = 0.0
        self._rest, self._next_rest = 0, _REST

    def begin(self, now_s: float, cpu_s: float, thread: int, encoding_s: float) -> bool:
        """A frame is to be sent by that thread, and encoding takes about so long (0: not known); whether it is to be
        encoded there.
        """
        if thread != self._thread:
            self._thread = thread
            self._leave(0)
        elif self._begun_s:
            self._intervals.append(now_s - self._begun_s)
            self._idle.append((now_s - self._ended_s) - (cpu_s - self._ended_cpu_s))
            self._decide(encoding_s)
        self._begun_s = now_s
        return self.here

    def end(self, now_s: float, cpu_s: float) -> None:
        """The call returns."""
        self._ended_s, self._ended_cpu_s = now_s, cpu_s

    def _decide(self, encoding_s: float) -> None:
        if len(self._intervals) < _TRIAL:
            return
        usual_s = median(self._intervals)
        if self.here:
            if usual_s > self._usual_s + encoding_s / 4:
                self._leave(self._next_rest)
                self._next_rest = min(2 * self._next_rest, _LONGEST_REST)
            return
        self._rest -= 1
        if self._rest <= 0 and encoding_s and median(self._idle) > 1.2 * encoding_s:
            self.here, self._usual_s = True, usual_s
            self._intervals.clear()

    def _leave(self, rest: int) -> None:
        self.here, self._rest = False, rest
        self._begun_s = 0.0
        self._intervals.clear()
        self._idle.clear()
