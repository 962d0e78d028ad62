"""Waiting for a frame, in slices short enough to notice signals, closing, and the death of the only writer."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from rushes.errors import ClosedError, WriterGone

if TYPE_CHECKING:
    from rushes._native.core import Core, Hold
    from rushes.depot.handle import Handle

__all__ = ["SLICE_S", "check_writer", "next_hold", "remaining"]

SLICE_S = 0.1


def remaining(until: float | None) -> float:
    """Seconds left to a monotonic deadline; infinite for None."""
    return math.inf if until is None else until - time.monotonic()


def check_writer(depot: Handle, core: Core, after: int) -> None:
    """Raises WriterGone when nothing newer than ``after`` can come any more."""
    if core.writer_gone() and (head := depot.head) <= after:
        left = " before its first frame" if head < 0 else f"; the last frame has sequence {head}"
        raise WriterGone(
            f"the only writer of depot {depot.name!r} died{left}",
            sequence=head,
            depot=depot.name,
        )


def next_hold(depot: Handle, after: int, timeout_s: float | None) -> Hold | None:
    """The next frame newer than ``after``, waited for; None when ``timeout_s`` seconds passed."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    core = depot._core
    while True:
        # Frames up to the head that are not to be had were dropped or cleared: waiting for them would spin.
        floor = max(after, core.head())
        hold = depot._look(after)
        if hold is not None:
            return hold
        left = remaining(until)
        if left <= 0:
            return None
        if depot._spill is None:
            hold = core.next_within(after, floor, min(SLICE_S, left))
            if hold is not None:
                return hold
            waited = False
        else:  # a fast writer may have moved the awaited frame to disk by now: look at both again
            waited = core.wait(floor, min(SLICE_S, left))
        if not waited:
            if depot.closed:
                raise ClosedError(
                    f"depot {depot.name!r} was closed while waiting for a frame", name=depot.name
                )
            check_writer(depot, core, after)
