"""Whether what comes grows old on the way (pure)."""

from __future__ import annotations

__all__ = ["Lag"]

_BEHIND_NS = 1_000_000_000
_FOR_NS = 500_000_000
_SPAN_NS = 300_000_000_000


class Lag:
    """Told of each message's way, from one clock to another, which need not agree but for drifting slowly.

    Behind is what takes a second longer than the quickest of the last five to ten minutes, for half a second on end:
    whoever was only held up takes what waited faster than that.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._least_ns: int | None = None
        self._before_ns: int | None = None
        self._span_ends_ns = 0
        self._since_ns: int | None = None

    def see(self, sent_ns: int, now_ns: int) -> bool:
        """Whether those that wait on the way had better be given up; then it begins anew."""
        way_ns = now_ns - sent_ns
        if self._least_ns is None or now_ns >= self._span_ends_ns:
            self._before_ns, self._least_ns = self._least_ns, way_ns
            self._span_ends_ns = now_ns + _SPAN_NS
        self._least_ns = min(self._least_ns, way_ns)
        least_ns = self._least_ns if self._before_ns is None else min(self._least_ns, self._before_ns)
        if way_ns - least_ns <= _BEHIND_NS:
            self._since_ns = None
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        if now_ns - self._since_ns < _FOR_NS:
            return False
        self._begin()  # not only the wait: one of the clocks may have been set
        return True
