"""A worker's function, called on its frames in processes of its own."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage, QueueFull
from rushes.stream import parcel
from rushes.stream.crew import Crew, Done, Raised

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.errors import RushesError
    from rushes.stream.crew import Answer
    from rushes.stream.work.desk import Desk
    from rushes.stream.work.held import Work

__all__ = ["Calls"]


class Calls:
    """Frames wait for a process that is free; the desk is told of each what became of it."""

    def __init__(
        self,
        fn: Callable[..., Any] | str,
        desk: Desk,
        *,
        procs: int,
        timeout_s: float | None,
        name: str,
        on_failed: Callable[[], object],
    ) -> None:
        self.procs = procs
        self._desk, self._timeout_s, self._tell = desk, timeout_s, on_failed
        self._lock = threading.Lock()
        self._waiting: deque[Work] = deque()
        self._running: dict[int, Work] = {}
        self._failure: RushesError | None = None
        self._crew = Crew(
            fn,
            procs=procs,
            name=name,
            quality=desk.quality,
            on_done=self._on_done,
            on_idle=self._go_on,
            on_failed=self._on_failed,
        )
        desk.held.timeout_s, desk.held.overdue = timeout_s, self._overdue

    @property
    def failed(self) -> bool:
        """Whether the function could not be had."""
        return self._failure is not None

    def check(self) -> None:
        """Raises why the function could not be had."""
        if self._failure is not None:
            raise self._failure

    def put(self, work: Work) -> None:
        """Has the function called on it as soon as a process is free."""
        with self._lock:
            self._waiting.append(work)
        self._go_on()

    def close(self) -> None:
        """Ends the processes; what they had goes back to the hub."""
        self._desk.held.timeout_s = None
        self._crew.close()
        with self._lock:
            left = [*self._waiting, *self._running.values()]
            self._waiting.clear()
            self._running.clear()
        for work in left:
            self._desk.again(work)

    def _go_on(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or not self._crew.idle or self._crew.closed:
                    return
                work = self._waiting.popleft()
                work.began()
                self._running[work.item.sequence] = work
                try:
                    self._crew.submit(work.item.sequence, work.item.head, work.item.payload)
                except (
                    QueueFull
                ):  # the process that was free has just died; on_idle comes with its replacement
                    del self._running[work.item.sequence]
                    self._waiting.appendleft(work)
                    return

    def _on_done(self, task_id: Any, answer: Answer) -> None:
        with self._lock:
            work = self._running.pop(task_id, None)
        if work is None:
            return
        if isinstance(answer, Done):
            self._done(work, answer)
        elif isinstance(answer, Raised):
            self._desk.failed(work, answer.text)
        elif answer.killed:
            self._desk.failed(work, f"its function took longer than {self._timeout_s} s")
        elif self._crew.closed:
            self._desk.again(work)
        elif work.item.deliveries >= self._desk.tries:
            self._desk.failed(work, f"the process of its function ended with exit code {answer.exit_code}")
        else:
            self._desk.again(work)

    def _done(self, work: Work, answer: Done) -> None:
        try:
            made, _ = parcel.unpack(answer.head, answer.payload)
        except BadMessage as error:  # a function that writes into what is not its own
            self._desk.failed(work, f"a result that cannot be read: {error}")
        else:
            self._desk.done(work, made, answer.payload)

    def _on_failed(self, error: RushesError) -> None:
        self._failure = error
        self._tell()

    def _overdue(self, work: Work) -> None:
        if not self._crew.kill(work.item.sequence):
            work.item.in_progress()  # it waits for its turn, and that is no fault of its own
