"""What goes wrong, as an answer: a status, a sentence that names the cause, and what to do about it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from rushes.errors import (
    ArchiveCorrupt,
    ArchiveFull,
    ClosedError,
    ConfigError,
    DeadlineExceeded,
    JobCancelled,
    NoSuchMoment,
    QueueFull,
    RushesError,
    SourceUnavailable,
    UnknownName,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = [
    "HTTP_REMEDIES",
    "Problem",
    "Refused",
    "answer_for",
    "moment_of",
    "problem_of",
    "read_problem",
    "refusal",
]

_LOG = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why there is no better answer. ``before`` and ``after``: where a moment is missing, the nearest ones that were
    recorded; None where there is none on that side.
    """

    error: str
    remedy: str = ""
    kind: str = ""
    before: float | msgspec.UnsetType | None = msgspec.UNSET
    after: float | msgspec.UnsetType | None = msgspec.UNSET


class Refused(RushesError):
    """The answer is ``status`` and a sentence; ``retry_s`` tells when another try may succeed."""

    def __init__(
        self, message: str, *, status: int = 400, remedy: str = "", kind: str = "", retry_s: int = 0
    ) -> None:
        super().__init__(message)
        self.status, self.remedy, self.kind, self.retry_s = status, remedy, kind, retry_s


# The first that fits counts, so the special ones come before the general.
_KINDS: tuple[tuple[type[RushesError], int, str], ...] = (
    (UnknownName, 404, "use one of those that are known"),
    (ConfigError, 400, "see /openapi.json for what may be asked"),
    (NoSuchMoment, 404, "ask for a moment that was recorded; before and after are the nearest ones"),
    (SourceUnavailable, 503, "see the channel's state under /api/channels, then ask again"),
    (DeadlineExceeded, 503, "ask again; a longer max_age lets an older picture do"),
    (QueueFull, 429, "wait until something has ended, or cancel some"),
    (JobCancelled, 409, "ask again"),
    (ArchiveCorrupt, 503, "rushes archive verify tells what is damaged"),
    (ArchiveFull, 503, "free room on the disk, or lower the archive's max_bytes"),
    (ClosedError, 503, "the station is ending, or just replaced this channel: ask again"),
    (RushesError, 503, "ask again; rushes doctor looks at the machine"),
)
HTTP_REMEDIES: Mapping[int, str] = {
    401: "log in, or send Authorization: Bearer TOKEN; rushes token add NAME makes one",
    404: "see /openapi.json for what there is",
    405: "see /openapi.json for what may be done here",
    413: "send less: 64 KiB at most",
}


def problem_of(error: Exception) -> tuple[int, Problem]:
    """The status and the body for an error. What nobody meant to happen is not told."""
    if isinstance(error, Refused):
        return error.status, Problem(
            error=str(error), remedy=error.remedy, kind=error.kind or type(error).__name__
        )
    if isinstance(error, HTTPException):
        remedy = HTTP_REMEDIES.get(error.status_code, "")
        return error.status_code, Problem(
            error=str(error.detail), remedy=remedy, kind=_kind(error.status_code)
        )
    for kind, status, remedy in _KINDS:
        if isinstance(error, kind):
            return status, _told(error, remedy)
    if isinstance(error, OSError):
        told = error.strerror or type(error).__name__
        return 503, Problem(
            error=told, remedy="rushes doctor looks at the machine", kind=type(error).__name__
        )
    told = "something went wrong here; the station's log has the details"
    return 500, Problem(error=told, remedy="please report it", kind="Error")


def read_problem(status: int, body: bytes) -> Problem:
    """What another station says against a request; its ``status`` alone where that cannot be understood."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Problem(error=f"status {status}")


def moment_of(problem: Problem, channel: str) -> NoSuchMoment | None:
    """The error that the problem was made of, where that is one of a moment; None of another."""
    if problem.kind != NoSuchMoment.__name__:
        return None
    before, after = (
        round(each * 1e9) if isinstance(each, float) else None for each in (problem.before, problem.after)
    )
    return NoSuchMoment(problem.error, before_ns=before, after_ns=after, channel=channel)


def answer_for(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"} | dict(headers or {}),
    )


async def refusal(_request: Request, error: Exception) -> Response:
    """The handler of every error, as Starlette wants it."""
    status, problem = problem_of(error)
    if status == 500:
        _LOG.error("a request failed", exc_info=error)
    headers = dict(getattr(error, "headers", None) or {})
    if isinstance(error, Refused) and error.retry_s:
        headers["Retry-After"] = str(error.retry_s)
    elif status == 503:
        headers["Retry-After"] = "1"
    return answer_for(status, problem, headers)


def _kind(status: int) -> str:
    """ "NotFound", "MethodNotAllowed": the statuses' own names, as nobody outside knows who raised them."""
    return "".join(word.capitalize() for word in HTTPStatus(status).phrase.split())


def _told(error: RushesError, remedy: str) -> Problem:
    told = Problem(error=str(error)[:2000], remedy=remedy, kind=type(error).__name__)
    if not isinstance(error, NoSuchMoment):
        return told
    return msgspec.structs.replace(
        told,
        before=None if error.before_ns is None else error.before_ns / 1e9,
        after=None if error.after_ns is None else error.after_ns / 1e9,
    )
