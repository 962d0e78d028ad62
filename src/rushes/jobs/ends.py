"""The errors that ended claims raise (pure).

A claim that was cancelled or timed out keeps why, and its error is made when somebody asks for it: most never
do, and a hundred thousand exceptions take longer to make than the cancel that they tell of.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from rushes.errors import DeadlineExceeded, JobCancelled
from rushes.jobs.job import CANCELLED, SUCCESS, TIMED_OUT

if TYPE_CHECKING:
    from rushes.jobs.job import Claim, Job

__all__ = ["another", "cancelled", "error_of"]


def error_of(claim: Claim) -> BaseException | None:
    """What an ended claim raises; None after a success."""
    if claim.ended == SUCCESS:
        return None
    outcome = claim.outcome
    if not isinstance(outcome, BaseException):
        if claim.ended == CANCELLED:
            outcome = cancelled(claim.job, outcome)
        elif claim.ended == TIMED_OUT:
            outcome = _too_late(outcome, claim.job)
        claim.outcome = outcome
    return outcome  # type: ignore[no-any-return]


def cancelled(job: Job, reason: str) -> JobCancelled:
    """The error of a claim that was cancelled."""
    return JobCancelled(f"the job{_named(job)} was cancelled: {reason}", reason=reason, key=job.key)


def _too_late(what: str, job: Job) -> DeadlineExceeded:
    seconds = job.terms.timeout_s
    return DeadlineExceeded(f"the job{_named(job)} did not end within {what}", timeout_s=seconds)


def _named(job: Job) -> str:
    return "" if job.key is None else f" of key {job.key!r}"


def another(error: BaseException) -> BaseException:
    """The same error for another waiter: raised in two threads, one would gather the tracebacks of both."""
    try:
        again = copy.copy(error)
    except Exception:  # noqa: BLE001  a user's class may refuse to be copied in any way it likes
        return error
    return again.with_traceback(error.__traceback__) if type(again) is type(error) else error
