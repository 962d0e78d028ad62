"""What a running function can ask and tell: whether it is still wanted, and how far it is."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.jobs.ends import cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.jobs.job import Job

__all__ = ["HERE", "JobToken", "Seat", "current_job"]

_log = logging.getLogger("rushes.jobs")


class Seat:
    """What one worker thread runs now. Reached through the thread's own attributes only by those who ask."""

    __slots__ = ("job",)

    def __init__(self) -> None:
        self.job: Job | None = None


class _Here(threading.local):
    """This thread's seat if it is a worker's, and its queue."""

    seat: Seat | None = None
    queue: Any = None
    token: Any = None


HERE = _Here()


class JobToken:
    """The running job's side of its handles. Pass it on to threads that the function starts itself."""

    __slots__ = ("_hooks", "_job", "_queue")

    def __init__(self, job: Job, queue: Any) -> None:
        self._job = job
        self._queue = queue
        self._hooks: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the result: cancelled, timed out, or the queue stops."""
        return self._job.stopped

    def check(self) -> None:
        """Returns while the result is wanted; raises JobCancelled once it is not."""
        if self._job.stopped:
            raise cancelled(self._job, "nobody waits for its result")

    def on_cancel(self, fn: Callable[[], object]) -> None:
        """Calls ``fn()`` once when the job is no longer wanted; at once when that is so already.

        For closing what the function waits for: a socket, a subprocess. It runs on another thread. What it
        raises is logged.
        """
        with self._queue.lock:
            if not self._job.stopped:
                self._hooks.append(fn)
                return
        _run(fn)

    def partial(self, value: Any) -> None:
        """Gives a preview to the handles that listen for one. The newest counts; none is told after the end."""
        self._queue.tell_partial(self._job, value)

    def fire(self) -> None:
        """Runs the hooks. The job is marked as stopped by now, so no more can come."""
        with self._queue.lock:
            hooks, self._hooks = self._hooks, []
        for fn in hooks:
            _run(fn)


def current_job() -> JobToken:
    """The token of the job that calls this. Raises ConfigError on a thread that runs none."""
    token = HERE.token
    if token is not None:
        return token  # type: ignore[no-any-return]
    seat = HERE.seat
    job = None if seat is None else seat.job
    if job is None:
        raise ConfigError("current_job() was called on a thread that runs no job; pass the token on instead")
    if job.token is None:
        job.token = JobToken(job, HERE.queue)
    return job.token  # type: ignore[no-any-return]


def _run(fn: Callable[[], object]) -> None:
    try:
        fn()
    except Exception:  # noqa: BLE001  whatever a hook is broken by, the other hooks and the queue go on
        _log.exception("an on_cancel function of a job raised")
