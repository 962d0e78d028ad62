"""One caller's claim on a job, as the caller holds it."""

from __future__ import annotations

import threading
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

from rushes.errors import DeadlineExceeded
from rushes.jobs.ends import error_of
from rushes.jobs.job import CANCELLED, SUCCESS, Claim, More

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
    from concurrent.futures import Future

__all__ = ["Handle", "as_completed"]


class Handle(Claim):
    """A claim on a job: its state, its result, and the way to give it up.

    Any thread may call; ``await handle`` gives the result in an event loop. It ends exactly once, in
    "success", "error", "cancelled" or "timed_out", and nothing changes it afterwards. Handles of equal keys
    share one job and get the same result object: treat it as read-only.
    """

    __slots__ = ()

    @property
    def key(self) -> Hashable | None:
        """What its job was submitted under."""
        return self.job.key

    @property
    def state(self) -> str:
        """ "in_queue", "running", "success", "error", "cancelled" or "timed_out"."""
        # Read in this order, as the job may end in between: its own state says nothing to an ended handle.
        going = self.job.state
        return self.ended or going

    @property
    def attempt(self) -> int:
        """Which attempt it is, counted from 1."""
        return self.job.attempt

    def done(self) -> bool:
        """Whether it has ended, however."""
        return self.ended is not None

    def result(self, timeout_s: float | None = None) -> Any:
        """What the function returned, waited for at most ``timeout_s`` seconds (None: for ever).

        Raises the function's own exception, JobFailed when its process died, JobCancelled when the claim was
        cancelled, and DeadlineExceeded when the job was timed out, or when this wait was.
        """
        error = self.exception(timeout_s)
        if error is not None:
            raise error
        return self.outcome

    def exception(self, timeout_s: float | None = None) -> BaseException | None:
        """What ``result`` would raise, None after a success. Raises DeadlineExceeded when the wait is over."""
        if self.ended is None and not self._wait(timeout_s):
            raise DeadlineExceeded(
                f"the job is still {self.state} after {timeout_s} s of waiting for its result",
                timeout_s=timeout_s,
            )
        return error_of(self)

    def cancel(self) -> bool:
        """Gives the claim up; whether it was still to be had.

        It ends "cancelled" at once. The job goes on while others claim it. One that nobody claims any more
        never starts, or, when it runs, is told by its token and its result is dropped.
        """
        return bool(self.queue.cancel_claim(self, "on request"))

    def on_partial(self, fn: Callable[[Any, Any], object]) -> None:
        """Has ``fn(handle, value)`` called with what the function gives as previews (``partial``).

        The newest counts: one that was not delivered before the next is never delivered. None come after the
        end.
        """
        with self.queue.lock:
            if self.ended is not None:
                return
            if self.more is None:
                self.more = More()
            self.more.on_partial = fn

    def future(self) -> Future[Any]:
        """A ``concurrent.futures.Future`` that ends as this handle does; cancelling it cancels the handle."""
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.add_done_callback(lambda done: done.cancelled() and self.cancel())
        self.when_done(lambda: _copy_to(self, future))
        return future

    def when_done(self, wake: Callable[[], object]) -> None:
        """Calls ``wake()``, which must not wait, on whatever thread ends the handle; now when it has ended."""
        if not self.queue.add_waiter(self, wake):
            wake()

    def __await__(self) -> Generator[Any, None, Any]:
        from rushes.jobs.aio import wait  # asyncio is loaded only where something is awaited

        if self.ended is None:
            yield from wait(self)
        return self.result(0)

    def __repr__(self) -> str:
        key = "" if self.key is None else f" key={self.key!r}"
        return f"<Handle {self.id}{key} {self.state}>"

    def _wait(self, timeout_s: float | None) -> bool:
        # A bare lock: an Event makes a lock and a condition besides, and this is the price of each result().
        ended = threading.Lock()
        ended.acquire()
        if not self.queue.add_waiter(self, ended.release):
            return True
        if ended.acquire(
            timeout=-1 if timeout_s is None else max(0.0, min(timeout_s, threading.TIMEOUT_MAX))
        ):
            return True
        self.queue.drop_waiter(self, ended.release)
        return self.ended is not None


def as_completed(handles: Iterable[Handle], timeout_s: float | None = None) -> Iterator[Handle]:
    """Yields the handles as they end, those that have ended first.

    Raises DeadlineExceeded when some have not within ``timeout_s`` seconds of the call (None: for ever).
    """
    until = None if timeout_s is None else monotonic() + timeout_s
    ended: SimpleQueue[Handle] = SimpleQueue()
    living = list(handles)
    for handle in living:
        handle.when_done(partial(ended.put, handle))
    return _ending(ended, len(living), until)


def _ending(ended: SimpleQueue[Handle], count: int, until: float | None) -> Iterator[Handle]:
    for left in range(count, 0, -1):
        try:
            yield ended.get(timeout=None if until is None else max(0.0, until - monotonic()))
        except Empty:
            raise DeadlineExceeded(f"{left} of {count} jobs had not ended in time") from None


def _copy_to(handle: Handle, future: Future[Any]) -> None:
    if handle.ended == CANCELLED:
        future.cancel()
        return
    if not future.set_running_or_notify_cancel():
        return
    if handle.ended == SUCCESS:
        future.set_result(handle.outcome)
    else:
        future.set_exception(error_of(handle))
