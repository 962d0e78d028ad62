"""Running a job in a process of its own, which can be killed: the only honest time-out for code that hangs in C.

The child is our own, started from this program and reachable by nobody else, so what comes through its pipe is
read as multiprocessing sends it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import traceback
from typing import TYPE_CHECKING, Any

from rushes.errors import JobFailed
from rushes.jobs.token import HERE, current_job

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from rushes.jobs.job import Job

__all__ = ["ChildToken", "run_apart"]

DONE, FAILED, PARTIAL = range(3)


def run_apart(job: Job) -> Any:
    """What the job's function returned in a fresh process; raises what it raised, or JobFailed when it died.

    The process is killed as soon as nobody waits for the result.
    """
    token = current_job()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(
        target=_child, args=(theirs, job.fn, job.args, dict(job.kwargs or {})), daemon=True
    )
    try:
        child.start()
        theirs.close()  # else the end of the child would not end the pipe
        token.on_cancel(child.kill)
        while True:
            try:
                kind, value = ours.recv()
            except (EOFError, ConnectionError):
                child.join()
                token.check()
                raise _died(child.exitcode, job) from None
            if kind == PARTIAL:
                token.partial(value)
            elif kind == DONE:
                return value
            else:
                raise value
    finally:
        theirs.close()
        ours.close()
        if child.pid is not None:
            child.kill()
            child.join()
            child.close()


def _died(code: int | None, job: Job) -> JobFailed:
    return JobFailed(f"the job's process died with exit code {code}", exit_code=code, key=job.key)


class ChildToken:
    """The token inside the child: never cancelled, as the whole process is killed then."""

    cancelled = False

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def check(self) -> None:
        """Returns: a cancelled job's process no longer exists."""

    def on_cancel(self, fn: Any) -> None:
        """Never calls ``fn``: the process is killed."""

    def partial(self, value: Any) -> None:
        """As in a thread; ``value`` is copied through the pipe."""
        self._pipe.send((PARTIAL, value))


def _child(pipe: Connection, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    HERE.token = ChildToken(pipe)
    answer: tuple[int, Any]
    try:
        answer = (DONE, fn(*args, **kwargs))
    except Exception as error:  # noqa: BLE001  it is the handles' to raise, in the other process
        # The traceback stays behind; its text is what a reader needs of it.
        error.add_note("".join(traceback.format_exception(error)))
        answer = (FAILED, error)
    try:
        pipe.send(answer)
    except Exception as error:  # noqa: BLE001  whatever a user's value refuses to be sent by, the caller is told
        what = f"what the job {'returned' if answer[0] == DONE else 'raised'} cannot be sent: {error!r}"
        with contextlib.suppress(OSError):
            pipe.send((FAILED, JobFailed(what)))
