"""Who of a crew is free and who works on what: what callers' threads and the crew's own thread share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, QueueFull

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rushes.stream.crew_process import CrewProcess, Task

__all__ = ["Desk"]


class Desk:
    """``check()`` is called under the lock before anything is given out, and raises when that is over."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._free: list[CrewProcess] = []
        self._busy: dict[Hashable, CrewProcess] = {}
        self._given: list[CrewProcess] = []

    @property
    def idle(self) -> int:
        """How many are free."""
        with self._lock:
            return len(self._free)

    def give(self, task: Task) -> None:
        """Gives the task to one that is free. QueueFull when none is, ConfigError when its id is in work already."""
        with self._lock:
            self._check()
            if task.id in self._busy:
                raise ConfigError(f"task {task.id!r} is being worked on already", option="task_id")
            if not self._free:
                raise QueueFull("no process is idle: wait until one is", limit=len(self._busy), key=task.id)
            process = self._free.pop()
            process.task = task
            self._busy[task.id] = process
            self._given.append(process)

    def given(self) -> list[CrewProcess]:
        """Who was given a task since the last call."""
        with self._lock:
            given, self._given = self._given, []
        return given

    def kill(self, task_id: Hashable) -> bool:
        """Kills the process that has the task; False when none has."""
        with self._lock:
            process = self._busy.get(task_id)
            if process is not None:
                process.kill()  # not reaped yet, so its number is its own: that comes after it has gone from here
        return process is not None

    def free(self, process: CrewProcess) -> None:
        """The process has begun and is free."""
        with self._lock:
            self._free.append(process)

    def done(self, process: CrewProcess) -> Task | None:
        """Takes its task off the process, which is free then unless it has been killed; None when it has none."""
        with self._lock:
            task = self._taken(process)
            if task is not None and not process.doomed:
                self._free.append(process)
        return task

    def gone(self, process: CrewProcess) -> Task | None:
        """Forgets the process; the task it had, if any."""
        with self._lock:
            if process in self._free:
                self._free.remove(process)
            return self._taken(process)

    def _taken(self, process: CrewProcess) -> Task | None:
        task, process.task = process.task, None
        if task is not None:
            del self._busy[task.id]
        return task
