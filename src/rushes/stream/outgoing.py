"""Frames on their way out: a bounded room, threads that encode, and the order kept after them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rushes.errors import RushesError
from rushes.stream.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.metrics import Edge

__all__ = ["Outgoing"]

_log = logging.getLogger("rushes.stream")
_JOIN_S = 5.0

T = TypeVar("T")


class Outgoing(Generic[T]):
    """``put`` from any thread, ``encode(job)`` on ``workers`` threads, ``emit(job, made)`` in the order of ``put``,
    by one thread at a time and under no lock.

    The ``room`` holds jobs that no worker has begun. When it is full the ``policy`` says who goes: "drop_oldest",
    "drop_newest", or nobody ("block": put waits). The ``edge`` counts what is offered and dropped here; what was
    emitted is the emitter's to count. ``encode`` gives None for what is not to be emitted, and counts that.
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
    ) -> None:
        self._encode, self._emit, self._edge = encode, emit, edge
        self._room, self._policy = room, policy
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._space = threading.Condition(self._lock)
        self._jobs: deque[T] = deque()
        self._turns: Turns[tuple[T, Any]] = Turns()
        self._through: deque[tuple[T, Any]] = deque()
        self._emitting = False
        self._stop = False
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
        while True:
            with self._lock:
                while not self._jobs and not self._stop:
                    self._work.wait()
                if self._stop:
                    return
                job, ticket = self._jobs.popleft(), self._turns.ticket()
                self._space.notify()
            self._settle(ticket, job, self._made(job))

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
                if not self._through:
                    self._emitting = False
                    return
                job, made = self._through.popleft()
            if made is not None:
                self._emit(job, made)
