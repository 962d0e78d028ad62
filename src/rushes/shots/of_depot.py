"""Pictures out of a depot: its newest frame, or one of the few before it that it still holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.errors import ClosedError, DeadlineExceeded, DepotError, NoSuchMoment
from rushes.shots.of_frame import check_wanted, of_frame

if TYPE_CHECKING:
    from rushes.frame import Frame
    from rushes.shots.request import Ask, Picture

__all__ = ["newest", "of_moment", "sure_of_moment"]

_NEAR_NS = 2_000_000_000
"""A depot answers for moments at most this long after its newest frame, as an archive does by default."""
_WITHIN_NS = 999
"""A moment is in whole microseconds; the frame captured within that one is the one meant."""
_SLICE_S = 0.2


def newest(depot: Any, ask: Ask) -> Picture:
    """The newest frame, waited for when there is none or it is too old.

    Raises DeadlineExceeded after ``ask.timeout_s``, JobCancelled soon after a cancel.
    """
    end_s = time.monotonic() + ask.timeout_s
    lease = depot.newest()
    while lease is None or lease.captured_ns < ask.not_before_ns:
        after = -1 if lease is None else lease.sequence
        if lease is not None:
            lease.release()
        # In slices, so that a cancelled shot leaves its worker soon though nothing comes any more.
        left_s = end_s - time.monotonic()
        lease = depot.next(after, timeout_s=max(0.0, min(left_s, _SLICE_S)))
        if ask.token.cancelled or left_s <= 0:
            if lease is not None:
                lease.release()
            check_wanted(ask)
            raise DeadlineExceeded(
                f"{ask.channel}: no frame came within {ask.timeout_s:g} s", timeout_s=ask.timeout_s
            )
    with lease:
        return of_frame(lease.copy(), ask, "live")


def of_moment(depot: Any, ask: Ask) -> Picture:
    """The newest frame at or before the moment; NoSuchMoment when the depot holds none."""
    held = _held_at(depot, ask.moment_ns)
    frame = held.frame
    if frame is None or (held.after_ns is None and ask.moment_ns - frame.captured_ns > _NEAR_NS):
        raise NoSuchMoment(
            f"{ask.channel}: the depot holds no frame of that moment",
            before_ns=None if frame is None else frame.captured_ns,
            after_ns=held.after_ns,
            channel=ask.channel,
        )
    return of_frame(frame, ask, "live")


def sure_of_moment(depot: Any, ask: Ask) -> Picture | None:
    """The same where nobody could know better; None where an archive has to be asked.

    That is when frames on both sides of the moment are held, the earlier one not long before it, with its figures
    if they are wanted: they reach the archive late, and the depot perhaps never.
    """
    try:
        held = _held_at(depot, ask.moment_ns)
    except (DepotError, ClosedError):  # its writer is gone, or it is; the archive is still there
        return None
    frame = held.frame
    if frame is None or ask.moment_ns - frame.captured_ns > _NEAR_NS:
        return None
    if held.after_ns is None and frame.captured_ns < ask.moment_ns:
        return None
    if ask.figures and not frame.figures:
        return None
    return of_frame(frame, ask, "live")


class _Held(NamedTuple):
    frame: Frame | None
    after_ns: int | None


def _held_at(depot: Any, moment_ns: int) -> _Held:
    """The newest frame at or before the moment, and when the next one was captured."""
    found: Frame | None = None
    moment_ns += _WITHIN_NS
    lease = depot.oldest()
    while lease is not None:
        with lease:
            sequence, captured_ns = lease.sequence, lease.captured_ns
            if captured_ns > moment_ns:
                return _Held(found, captured_ns)
            last = bool(depot.head == sequence)
            if last or _next_is_later(depot, sequence, moment_ns):
                found = lease.copy()
        if last:  # not looked further: a depot whose writer died says so instead of having no next one
            break
        lease = depot.next(sequence, timeout_s=0)
    return _Held(found, None)


def _next_is_later(depot: Any, sequence: int, moment_ns: int) -> bool:
    lease = depot.next(sequence, timeout_s=0)
    if lease is None:
        return True
    with lease:
        return bool(lease.captured_ns > moment_ns)
