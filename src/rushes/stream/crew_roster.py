"""Who is in a crew: how many processes there are, and when the next is started.

They come from one that has loaded all but the function, so that whoever dies is replaced within milliseconds, however
many die in a row. It knows nothing of the user's: a model held in memory once more would be too dear for a stand-by,
and what a user's module starts when it is imported may not bear a fork. Processes that stand by were rejected: as many
as are kept, one kill more finds the next still loading.
"""

from __future__ import annotations

import math
import signal
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, JobFailed, RushesError
from rushes.stream.crew_births import Nursery
from rushes.stream.crew_pipe import START
from rushes.stream.crew_process import CrewProcess

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Roster"]

_MOST_DEATHS = 3
_MOST_KILLED = 10
_LONGEST_WAIT_S = 1.0
_FIRST_WAIT_S = 0.1


class Roster:
    """Keeps ``procs`` processes at work. All calls from one thread: the kernel kills a process when the thread that
    started it ends.

    ``start`` is what each is told first; ``on_new(process)`` is called for each that was started. A process that
    dies before it is ready is replaced after 0.1 s, the next after 0.2 s; after the third in a row (the tenth, if
    the last was killed from outside: that says little of the function) none is started any more, and :attr:`failure`
    says why.
    """

    def __init__(self, start: bytes, procs: int, on_new: Callable[[CrewProcess], object]) -> None:
        self._start, self._procs, self._on_new = start, procs, on_new
        self._nursery: Nursery | None = None
        self._deaths = 0
        self._due_ns = 0
        self.members: list[CrewProcess] = []
        self.failure: RushesError | None = None

    @property
    def wait_s(self) -> float:
        """Seconds until :meth:`fill` has something to do; infinite when something must happen first."""
        if self.failure is not None or len(self.members) >= self._procs:
            return math.inf
        return max(0.0, (self._due_ns - SYSTEM.monotonic_ns()) / 1e9)

    def fill(self) -> None:
        """Starts whoever is missing and due."""
        if not self._procs:
            return
        while (
            self.failure is None and len(self.members) < self._procs and SYSTEM.monotonic_ns() >= self._due_ns
        ):
            process = self._new()
            if process is not None:
                self.members.append(process)
                process.say(START, self._start)

    def ready(self, process: CrewProcess) -> None:
        """The process has its function."""
        process.ready = True
        self._deaths = 0

    def bury(self, process: CrewProcess) -> int:
        """Reaps and forgets the process, which has ended or is to end now; its exit code."""
        code = process.bury()
        self.members.remove(process)
        if not process.ready:
            self._died_early(
                process.cause, f"a process died with exit code {code} before it could begin", code
            )
        return code

    def dismiss(self) -> None:
        """Starts nobody any more, lets those at work finish and ends the others."""
        self._procs = 0
        for process in self.members:
            if process.ready:
                process.dismiss()
            else:
                process.kill()

    def close(self) -> None:
        """Ends where the processes come from, when all of them are buried."""
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def _new(self) -> CrewProcess | None:
        try:
            if self._nursery is None or not self._nursery.alive:
                self.close()
                self._nursery = Nursery()
            process = CrewProcess(self._nursery)
        except OSError as error:
            self._died_early("", f"cannot start a process: {error}", None)
            return None
        self._on_new(process)
        return process

    def _died_early(self, said: str, cause: str, code: int | None) -> None:
        self._deaths += 1
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (self._deaths - 1))
        self._due_ns = SYSTEM.monotonic_ns() + int(wait_s * 1e9)
        most = _MOST_KILLED if code == -signal.SIGKILL else _MOST_DEATHS
        if self._deaths < most or self._procs == 0:
            return
        if said:
            self.failure = ConfigError(f"the function cannot be had: {said}", option="call")
        else:
            self.failure = JobFailed(f"{cause}, the {self._deaths}. in a row", exit_code=code)
