"""Frames on their way out: a bounded room, threads that encode, and the order kept after them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rushes.errors import RushesError
from rushes.stream.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.metrics import Edge

__all__ = ["Outgoing", "put_at_once"]

_log = logging.getLogger("rushes.stream")
_JOIN_S = 5.0
_IDLE_S, _IDLE_AGAIN_S = 0.25, 1.0

T = TypeVar("T")


class Outgoing(Generic[T]):
    """``put`` from any thread, ``encode(job)`` on ``workers`` threads, ``emit(job, made)`` in the order of ``put``,
    by one thread at a time and under no lock.

    The ``room`` holds jobs that no worker has begun. When it is full the ``policy`` says who goes: "drop_oldest",
    "drop_newest", or nobody ("block": put waits). The ``edge`` counts what is offered and dropped here; what was
    emitted is the emitter's to count. ``encode`` gives None for what is not to be emitted, and counts that. ``on_idle``
    is called when nothing came for a quarter of a second after something was emitted, and each second from then on.
    """

    def __init__(
        self,
        *,
        encode: Callable[[T], Any],
        emit: Callable[[T, Any], object],
        edge: Edge,
        workers: int,
        room: int,
        policy: str,
        name: str,
        on_idle: Callable[[], object] = lambda: None,
    ) -> None:
        self._encode, self._emit, self._edge, self._on_idle = encode, emit, edge, on_idle
        self._room, self._policy = room, policy
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._space = threading.Condition(self._lock)
        self._jobs: deque[T] = deque()
        self._turns: Turns[tuple[T, Any]] = Turns()
        self._through: deque[tuple[T, Any]] = deque()
        self._emitting = self._stop = False
        self._idle_due_s: float | None = None
        self._threads = [
            threading.Thread(target=self._run, name=f"rushes-encode {name}", daemon=True)
            for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, job: T) -> str:
        """ "" when the job was taken, else why it was not: "full" or "stopped"."""
        with self._lock:
            self._edge.offer()
            while self._policy == "block" and len(self._jobs) >= self._room and not self._stop:
                self._space.wait()
            if self._stop:
                self._edge.drop("stopped")
                return "stopped"
            if len(self._jobs) >= self._room:
                self._edge.drop("full")
                if self._policy == "drop_newest":
                    return "full"
                self._jobs.popleft()
            self._jobs.append(job)
            self._work.notify()
        return ""

    def put_here(self, job: T) -> bool:
        """As :meth:`put`, but encoded and emitted before this returns; False when others are under way, so that it
        would overtake them, and it was not taken.
        """
        with self._lock:
            if self._stop or self._jobs or self._through or self._turns.under_way:
                return False
            self._edge.offer()
            ticket = self._turns.ticket()
        self._settle(ticket, job, self._made(job))
        return True

    def stop(self) -> None:
        """Drops what no worker has begun, lets the rest finish, and ends the threads."""
        with self._lock:
            self._stop = True
            if self._jobs:
                self._edge.drop("stopped", len(self._jobs))
            self._jobs.clear()
            self._work.notify_all()
            self._space.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_S)

    def _run(self) -> None:
        while (turn := self._next()) is not None:
            job, ticket = turn
            if job is None:
                self._on_idle()
            else:
                self._settle(ticket, job, self._made(job))

    def _next(self) -> tuple[T | None, int] | None:
        """A job and its ticket; no job when it is time to say that there is none; None at the stop."""
        with self._lock:
            while not self._stop:
                # What is encoded and not yet emitted is bounded too: by an emitter who waits.
                if self._jobs and len(self._through) <= len(self._threads):
                    self._space.notify()
                    return self._jobs.popleft(), self._turns.ticket()
                left_s = None if self._idle_due_s is None else self._idle_due_s - time.monotonic()
                if left_s is not None and left_s <= 0 and not (self._jobs or self._through or self._emitting):
                    self._idle_due_s = time.monotonic() + _IDLE_AGAIN_S
                    return None, -1
                self._work.wait(left_s if left_s is not None and left_s > 0 else None)
        return None

    def _made(self, job: T) -> Any:
        try:
            return self._encode(job)
        except RushesError as error:
            _log.warning("a frame could not be encoded: %s", error)
        except Exception:  # noqa: BLE001  one frame that breaks an encoder must not end the thread for all others
            _log.exception("a frame could not be encoded")
        self._edge.drop("bad")
        return None

    def _settle(self, ticket: int, job: T, made: Any) -> None:
        with self._lock:
            self._through.extend(self._turns.settle(ticket, (job, made)))
            if self._emitting:
                return  # whoever emits now takes these along, in their order
            self._emitting = True
        while True:
            with self._lock:
                self._work.notify()
                if not self._through:
                    self._emitting = False
                    self._idle_due_s = time.monotonic() + _IDLE_S
                    return
                job, made = self._through.popleft()
            if made is not None:
                self._emitted(job, made)

    def _emitted(self, job: T, made: Any) -> None:
        try:
            self._emit(job, made)
        except Exception:  # noqa: BLE001  one frame that cannot be emitted must not end the emitting for all others
            _log.exception("a frame could not be sent")
            self._edge.drop("bad")


def put_at_once(edge: Edge, put: Callable[[], str]) -> str:
    """What ``put`` answers, "" when it took the frame, else why not, counted at ``edge`` either way."""
    edge.offer()
    try:
        reason = put()
    except BaseException:  # whatever it is, the frame has an outcome
        edge.drop("bad")
        raise
    if reason:
        edge.drop(reason)
    else:
        edge.deliver()
    return reason
