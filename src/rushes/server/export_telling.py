"""How an export is told: as a job, with the reason why there is none, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from rushes.errors import ConfigError, DeadlineExceeded, NoSuchMoment, PeerGone
from rushes.limits import is_disk_full
from rushes.server.answers import JobAnswer
from rushes.server.problems import Problem, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.archive import Span
    from rushes.server.answers import JobState
    from rushes.server.exports import Export

__all__ = ["middle_s", "told"]

_STATES: Mapping[str, JobState] = {
    "in_queue": "in_queue",
    "running": "saving",
    "success": "success",
    "error": "error",
    "timed_out": "error",
    "cancelled": "cancelled",
}


def told(made: Export) -> JobAnswer:
    """The export in the form that all jobs have."""
    handle = made.handle
    state = _STATES["in_queue" if handle is None else handle.state]
    error = handle.exception(0) if handle is not None and state == "error" else None
    problem = _problem(error, made) if isinstance(error, Exception) else Problem(error="")
    done = state == "success"
    return JobAnswer(
        id=made.id,
        kind="export",
        channel=made.channel,
        state=state,
        tries=0 if handle is None else handle.attempt,
        created=made.created_s,
        ended=made.ended_s,
        progress=made.part,
        bytes=made.bytes,
        path=str(made.path),
        error=problem.error,
        remedy=problem.remedy,
        file=f"/api/jobs/{made.id}/file" if done else None,
        thumb=_thumb(made) if done else None,
        from_=made.start_s,
        to=made.end_s,
    )


def middle_s(spans: Sequence[Span]) -> float | None:
    """The middle of the longest: there is a picture of it, while that of all may lie in a pause."""
    longest = max(spans, key=lambda each: each.end_ns - each.start_ns, default=None)
    return None if longest is None else (longest.start_ns + longest.end_ns) / 2e9


def _thumb(made: Export) -> str | None:
    if made.shown_s is None:
        return None
    return f"/api/channels/{quote(made.channel, safe='')}/at.jpg?t={made.shown_s:.6f}&exact=0&w=160"


def _problem(error: Exception, made: Export) -> Problem:
    problem = problem_of(error)[1]
    if isinstance(error, NoSuchMoment):
        return Problem(
            error=f"{made.channel}: nothing was recorded from {_at(made.start_s)} to {_at(made.end_s)}",
            remedy=_nearest(error),
        )
    if made.owner is not None and isinstance(error, PeerGone | DeadlineExceeded):
        return msgspec.structs.replace(
            problem, remedy=f"see whether station {made.owner[0]} is there, then order it again"
        )
    if isinstance(error, ConfigError):  # a GIF that would be too large, say; it names the remedy itself
        return msgspec.structs.replace(problem, remedy="order another format, or a shorter stretch")
    if is_disk_full(error):
        return msgspec.structs.replace(
            problem,
            error=f"{problem.error}: there is no room for {made.path.name}",
            remedy="delete exports that were fetched, or order a shorter stretch",
        )
    return problem


def _nearest(error: NoSuchMoment) -> str:
    ends = None if error.before_ns is None else f"ends at {_at(error.before_ns / 1e9)}"
    begins = None if error.after_ns is None else f"begins at {_at(error.after_ns / 1e9)}"
    if ends is None and begins is None:
        return "nothing of this channel is recorded (any more)"
    both = f"the recording before it {ends}, the next one {begins}"
    return f"{both if ends and begins else f'the nearest recording {ends or begins}'}: order a part of that"


def _at(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"
