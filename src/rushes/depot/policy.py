"""What happens to a frame that finds the depot full (pure).

One table says how each policy looks for room, one function turns a failed look into the next step. Nothing
here waits, calls the user or touches memory: the drivers in ``writing`` and ``aio`` do, so that both follow the
same rules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from enum import Enum
from typing import TYPE_CHECKING, Any

from rushes._native.core import FULL, LEASED, NO_CONSUMER, OK, TAKE_ACKED, TAKE_FREE, TAKE_OLDEST
from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from rushes.depot.records import DepotStats

__all__ = ["ASK", "POLICIES", "TAKES", "Admission", "Step", "WhenFull", "admission", "check_answer", "parse"]

ASK = "ask"
POLICIES = ("drop_oldest", "drop_newest", "block", "spill", ASK)
"""In the order of their codes in a segment's header; "ask" is a callable's."""

WhenFull = str | Callable[["DepotStats"], Any]

TAKES = {
    "drop_oldest": TAKE_OLDEST,
    "drop_newest": TAKE_ACKED,
    "block": TAKE_ACKED,
    "spill": TAKE_FREE,
    ASK: TAKE_ACKED,
}

_REASONS = {
    ("drop_oldest", FULL): "full",
    ("drop_oldest", LEASED): "leased",
    ("drop_newest", FULL): "full",
    ("drop_newest", LEASED): "leased",
    ("drop_newest", NO_CONSUMER): "full",
    ("block", NO_CONSUMER): "no consumer",
    ("spill", FULL): "full",
    ("spill", LEASED): "leased",
}
"""Why a frame is dropped at once; a pair that is missing here may be waited for."""


class Step(Enum):
    """What the driver is asked to do next."""

    ASK = "call the user's function with the stats; send its answer"
    WAIT = "wait for room; send True, or False when the time is up"


Attempt = Callable[[int], tuple[int, int, int]]
Admission = Generator[Step, Any, tuple[str, int, int]]


def parse(when_full: WhenFull) -> tuple[str, Callable[[DepotStats], Any] | None]:
    """(policy name, the callable or None). Raises ConfigError for anything else."""
    if callable(when_full):
        return ASK, when_full
    if when_full not in POLICIES[:-1]:
        raise unknown_name("when_full policy", when_full, POLICIES[:-1])
    return when_full, None


def check_answer(answer: Any) -> str:
    """The policy a user's function chose. Raises ConfigError unless it is one of the first three."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise ConfigError("an async when_full function needs 'await depot.aput(...)': put() cannot await it")
    if answer not in POLICIES[:3]:
        raise ConfigError(f"when_full answered {answer!r}; it must answer one of {', '.join(POLICIES[:3])}")
    return str(answer)


def admission(policy: str, attempt: Attempt, spill: Callable[[], tuple[int, int, int]] | None) -> Admission:
    """Find a slot under ``policy``: returns ("", slot, evicted sequence or -1), or (reason, -1, -1) for a
    drop.

    ``attempt(take)`` tries once; ``spill()`` moves a frame to disk and takes its slot. Yields what must
    happen outside.
    """
    while True:
        status, slot, evicted = attempt(TAKES[policy])
        if status != OK and policy == "spill" and spill is not None:
            status, slot, evicted = spill()
        if status == OK:
            return "", slot, evicted
        if policy == ASK:
            policy = yield Step.ASK
            continue
        reason = _REASONS.get((policy, status), "")
        if not reason and not (yield Step.WAIT):
            reason = "timeout"
        if reason:
            return reason, -1, -1
