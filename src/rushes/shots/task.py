"""One caller's shot: what it wants, where it goes, and who is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, JobCancelled
from rushes.jobs import Retry
from rushes.shots.request import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.jobs import Handle
    from rushes.shots.landing import Landing
    from rushes.shots.request import Moment, Place
    from rushes.shots.share import Share

__all__ = ["NotDue", "Task", "Teller", "TryAgain"]

LOG = logging.getLogger("rushes.shots")


class NotDue(Exception):
    """Raised within a job so that the queue's own timer runs it again when it is due."""


@dataclass(eq=False, slots=True)
class Task:
    """One shot on its way. ``landing`` None hands bytes over instead of saving them."""

    guid: str
    place: Place
    moment: Moment
    figures: bool
    not_before_ns: int
    due_ns: int
    timeout_s: float
    max_tries: int
    teller: Teller
    share: Share
    landing: Landing | None = None
    accepts_age: bool = False
    """A picture that was taken for somebody else before will do when it is not too old."""
    lasting: bool = False
    """It failed for another reason than the channel's, so asking again would not help."""
    over: bool = False
    """Its handle has ended, however: nothing may be begun for it."""
    last_told: str = ""
    handle: Handle | None = field(default=None, repr=False)

    @property
    def suffix(self) -> str:
        """The kind of picture wanted."""
        return ".jpg" if self.landing is None else self.landing.path.suffix

    def wait_s(self) -> float:
        """How long until it may be taken; zero or less when it may."""
        return (self.due_ns - SYSTEM.wall_ns()) / 1e9

    def patience_s(self) -> float:
        """How long it can take in all once its turn has come, and a little more."""
        return max(0.0, self.wait_s()) + self.max_tries * (self.timeout_s + 1.0) + 1.0

    def on_state(self, handle: Handle, state: str) -> None:
        """Tells the queue's news in the words of shots: each state once, and saving before any success."""
        match state:
            case "in_queue":
                self._tell(status.in_queue) if not self.last_told else None
            case "running":
                # An attempt that comes too early only looks at the clock, and goes back to wait.
                self._tell(status.saving) if self.wait_s() <= 0 else None
            case "success":
                self._tell(status.saving)
                self._hand_over(handle)
                self._tell(status.success)
            case _:
                self._hand_over(handle)
                self._tell(status.error)

    def _tell(self, state: str) -> None:
        if state == self.last_told:
            return
        self.last_told = state
        if self.teller.state is not None:
            _call(self.teller.state, self.guid, state)

    def _hand_over(self, handle: Handle) -> None:
        error = handle.exception(0)
        if error is None and self.teller.data is not None:
            _call(self.teller.data, handle.result(0).data)
        if error is not None and self.teller.failed is not None:
            _call(self.teller.failed, self.guid, error)


class TryAgain(Retry):
    """When a shot is tried again: at its moment when that had not come, after a failure as often as allowed."""

    __slots__ = ("_task",)

    def __init__(self, task: Task) -> None:
        # Attempts are counted by the share, and coming too early is none; so the queue's own count rules
        # nothing.
        super().__init__(max_tries=1_000_000, base_s=0.1, cap_s=1.0)
        object.__setattr__(self, "_task", task)

    def wants(self, error: BaseException) -> bool:
        """Not after a cancel, a wrong call, or when it was the disk that failed."""
        if isinstance(error, NotDue):
            return True
        task: Task = self._task  # type: ignore[attr-defined]  # a slot, set around the frozen base
        fatal = task.lasting or isinstance(error, JobCancelled | ConfigError)
        return isinstance(error, Exception) and not fatal and not task.share.spent(task.max_tries)

    def delay_s(self, attempt: int, chance: float) -> float:
        """Exactly until the moment; after a failure the usual times without chance, as few come together."""
        task: Task = self._task  # type: ignore[attr-defined]
        if (wait_s := task.wait_s()) > 0:
            return wait_s
        # A time-out has waited already.
        return 0.0 if isinstance(task.share.error, TimeoutError) else super().delay_s(task.share.tries, 1.0)


@dataclass(frozen=True, slots=True)
class Teller:
    """Whom a shot tells what: states to ``state``, the bytes to ``data``, a failure to ``failed``."""

    state: Callable[[str, str], Any] | None = None
    data: Callable[[bytes], Any] | None = None
    failed: Callable[[str, BaseException], Any] | None = None


def _call(fn: Callable[..., Any], *arguments: Any) -> None:
    try:
        fn(*arguments)
    except Exception:  # a user's callback may raise anything; what else there is to tell is told all the same
        LOG.exception("a callback of a shot failed")
