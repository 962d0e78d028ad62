"""One critical section over threads and processes, and what must wait until a thread is out of it.

A lease ends in a finalizer, and the garbage collector may run finalizers at any allocation: also in a thread
that is just then inside the critical section, of this depot or of another handle on the same segment. Taking
the lock there would hang the thread on itself. So a thread knows that it is inside, and work that arrives
meanwhile is put aside and done by the first thread that leaves. A re-entrant lock was rejected: it would let
a finalizer change the tables under the feet of the operation that it interrupted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from rushes._native import pure_os
from rushes.errors import ClosedError, DepotError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_PUT_ASIDE: deque[Callable[[], None]] = deque()


class _Inside(threading.local):
    section = False
    draining = False


_this_thread = _Inside()


def soon(action: Callable[[], None]) -> None:
    """Run ``action`` now, or, when this thread is inside a critical section, as soon as it is out again."""
    if _this_thread.section:
        _PUT_ASIDE.append(action)
    else:
        action()


def _drain() -> None:
    if _this_thread.draining:
        return  # each action leaves a section of its own; only the outermost loops, or the stack would grow
    _this_thread.draining = True
    try:
        while _PUT_ASIDE:
            try:
                action = _PUT_ASIDE.popleft()
            except IndexError:  # another thread was quicker
                break
            action()
    finally:
        _this_thread.draining = False


class Gate:
    """The lock of one participant: its threads first, then the segment's own byte."""

    __slots__ = ("_fd", "_shut", "_threads")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._shut = False
        self._threads = threading.Lock()

    def __enter__(self) -> None:
        if _this_thread.section:
            raise DepotError("a depot was used by a signal handler or destructor amid a depot operation")
        _this_thread.section = True
        try:
            self._threads.acquire()
            try:
                if self._shut:
                    raise ClosedError("the depot is closed")
                pure_os.lock(self._fd)
            except BaseException:  # whatever it was, an interrupt too: the threads' lock must not stay behind
                self._threads.release()
                raise
        except BaseException:
            _this_thread.section = False
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            pure_os.unlock(self._fd)
            if self._shut:
                os.close(self._fd)
        finally:
            self._threads.release()
            _this_thread.section = False
        _drain()

    def shut(self) -> None:
        """Called inside: the descriptor is closed on leaving and nobody comes in again."""
        self._shut = True

    def abandon(self) -> None:
        """In a forked child: close the descriptor without touching a lock, which the parent still has."""
        if not self._shut:
            self._shut = True
            os.close(self._fd)
        # The fork may have happened while another thread, which does not exist here, was inside.
        self._threads = threading.Lock()
        _this_thread.section = False
