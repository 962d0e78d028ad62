"""What a job and a caller's claim on it consist of (pure).

A *job* is one piece of work, a *claim* one caller's interest in it; callers know their claim as a Handle. Both
are plain slots: a waiting job has to stay small, so what few jobs have lies in ``Terms`` and ``More``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from rushes.jobs.gate import Limit
    from rushes.jobs.options import LimitKeys
    from rushes.jobs.retry import Retry

__all__ = [
    "CANCELLED",
    "CHAINED",
    "ENDS",
    "ERROR",
    "IN_QUEUE",
    "NOWHERE",
    "PARKED",
    "PARTIAL",
    "PLAIN",
    "READY",
    "RETRYING",
    "RUNNING",
    "SUCCESS",
    "TIMED_OUT",
    "Bounds",
    "Claim",
    "Entry",
    "Job",
    "More",
    "Priority",
    "Request",
    "Terms",
    "distance",
]

IN_QUEUE, RUNNING, SUCCESS, ERROR = "in_queue", "running", "success", "error"
CANCELLED, TIMED_OUT = "cancelled", "timed_out"
ENDS = (SUCCESS, ERROR, CANCELLED, TIMED_OUT)
PARTIAL = "partial"
"""In a claim's mail only: a preview is to be told; never a state."""

NOWHERE, READY, PARKED, CHAINED, RETRYING = range(5)
"""Where a waiting job lies: in the heap, in a full limit's heap, behind its serial's first, in the timers."""

Bounds = tuple[float, float, float, float]
Entry = tuple[int, float, int, "Job"]
"""(tier, score, sequence, job): smaller goes first. It is dead once the job's ``entry`` is another."""


class Priority(IntEnum):
    """How urgent a job is: of two that wait, the one with the smaller value starts first."""

    HIGH = 1
    NORMAL = 2
    LOW = 3
    PREFETCH = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One thing a viewer wants, for ``JobQueue.want``: a key that names the result, and how to make it.

    ``bounds`` are (xmin, xmax, ymin, ymax) in whatever coordinates the focus is given in.
    """

    key: Hashable
    fn: Callable[..., Any]
    args: tuple[Any, ...] = field(default=(), kw_only=True)
    kwargs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    priority: Priority = field(default=Priority.NORMAL, kw_only=True)
    score: float = field(default=0.0, kw_only=True)
    bounds: Bounds | None = field(default=None, kw_only=True)
    callback: Callable[[Any], object] | None = field(default=None, kw_only=True)
    limit: LimitKeys | None = field(default=None, kw_only=True)
    timeout_s: float | None = field(default=None, kw_only=True)
    cost: int = field(default=1, kw_only=True)


class Terms:
    """What a job may ask for beyond its order; all that ask for nothing share one, ``PLAIN``."""

    __slots__ = ("cost", "isolation", "limits", "retry", "serial", "timeout_s")

    def __init__(
        self,
        limits: tuple[Limit, ...] = (),
        serial: Hashable | None = None,
        timeout_s: float | None = None,
        retry: Retry | None = None,
        isolation: str = "thread",
        cost: int = 1,
    ) -> None:
        self.limits = limits
        self.serial = serial
        self.timeout_s = timeout_s
        self.retry = retry
        self.isolation = isolation
        self.cost = cost


PLAIN = Terms()


class More:
    """What a claim may have beyond one callback: its own channel, a deadline, and ordered mail."""

    __slots__ = ("channel", "deadline", "mail", "on_partial", "on_state", "partial", "posting")

    def __init__(
        self,
        on_state: Callable[[Any, str], object] | None = None,
        channel: Any = None,
        deadline: float | None = None,
    ) -> None:
        self.on_state = on_state
        self.on_partial: Callable[[Any, Any], object] | None = None
        self.channel = channel
        self.deadline = deadline
        self.mail: deque[str] = deque()
        self.posting = False
        self.partial: Any = None


class Claim:
    """One caller's interest in a job: its order, its callback, and what became of it."""

    __slots__ = (
        "__weakref__",
        "bounds",
        "callback",
        "ended",
        "group",
        "id",
        "job",
        "more",
        "outcome",
        "queue",
        "score",
        "tier",
        "waiters",
    )

    job: Job

    def __init__(
        self,
        queue: Any,
        tier: int,
        score: float = 0.0,
        group: Hashable | None = None,
        bounds: Bounds | None = None,
        callback: Callable[[Any], object] | None = None,
        more: More | None = None,
    ) -> None:
        self.queue = queue
        self.id = 0
        self.tier = tier
        self.score = score
        self.group = group
        self.bounds = bounds
        self.callback = callback
        self.more = more
        self.ended: str | None = None
        self.outcome: Any = None
        self.waiters: list[Callable[[], object]] | None = None


class Job:
    """One piece of work and everybody who waits for it.

    ``place`` and ``entry`` are given with its place in the order, ``gate`` by a limit that holds it back, ``tier``
    (the one it runs under) at its start.
    """

    entry: Entry | None
    place: int
    gate: Limit | None
    tier: int

    __slots__ = (
        "args",
        "attempt",
        "claim",
        "entry",
        "fn",
        "gate",
        "key",
        "kwargs",
        "lost",
        "others",
        "place",
        "since",
        "state",
        "stopped",
        "terms",
        "tier",
        "token",
        "watched",
    )

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        key: Hashable | None,
        terms: Terms,
        claim: Claim,
        since: float,
    ) -> None:
        self.fn = fn
        self.args = args
        self.kwargs = kwargs
        self.key = key
        self.terms = terms
        self.claim: Claim | None = claim  # the only one, until ``others`` holds them all
        self.others: dict[Claim, None] | None = None
        self.since = since
        self.state = IN_QUEUE
        self.attempt = 1
        self.stopped = False
        self.lost = False
        self.watched = False
        self.token: Any = None

    def __lt__(self, other: object) -> bool:
        # Two entries of one job can be equal up to here, one of them dead: which goes first is all the same.
        return False

    def __iter__(self) -> Iterator[Claim]:
        """Its living claims. Take a tuple of them before ending any."""
        if self.others is not None:
            return iter(self.others)
        return iter(() if self.claim is None else (self.claim,))

    def __len__(self) -> int:
        return len(self.others) if self.others is not None else int(self.claim is not None)

    def __bool__(self) -> bool:
        return True

    def join(self, claim: Claim) -> None:
        """One more waits for it."""
        if self.others is None:
            self.others = {} if self.claim is None else {self.claim: None}
            self.claim = None
        self.others[claim] = None

    def urgency(self) -> tuple[int, float]:
        """The tier and score of its most urgent claim."""
        if self.claim is not None:
            return self.claim.tier, self.claim.score
        return min((claim.tier, claim.score) for claim in self)

    def forget(self) -> None:
        """Lets go of the work itself: handles that are kept must not keep what it was called with."""
        self.state = "gone"
        self.fn = _nothing
        self.args = ()
        self.kwargs = None
        self.entry = None
        self.token = None


def _nothing(*_: Any, **__: Any) -> None:
    """What a job that is over would do."""


def distance(bounds: Bounds | None, focus: tuple[float, float]) -> float:
    """The square of how far the middle of ``bounds`` is from ``focus``; infinite without bounds."""
    if bounds is None:
        return float("inf")
    xmin, xmax, ymin, ymax = bounds
    across, down = (xmin + xmax) / 2 - focus[0], (ymin + ymax) / 2 - focus[1]
    return across * across + down * down
