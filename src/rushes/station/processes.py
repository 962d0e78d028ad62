"""A station's processes, seen from the parent: started afresh, listened to, restarted with back-off, ended.

One thread starts and serves all of them, for the kernel kills a child when the very thread that started it ends.
"""

from __future__ import annotations

import os
import selectors
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.station.offspring import Child
from rushes.station.stage import Backoff, Stage
from rushes.station.usage import family, is_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.station.messages import Word

__all__ = ["Backoff", "Child", "Stage", "Supervisor"]

_STOPPED_NS = 1_000_000_000  # how long one that is stopped at the end is let be
_LOOK_S = 0.02  # how often to see whether a process has ended whose pipes tell nothing


class Supervisor:
    """Starts stages, hears what they say, and restarts those that die. All calls from one thread.

    One that dies over and over is given up, as one that says it was told what cannot be done. A ``steadfast``
    supervisor tries what has worked before again each half minute: nobody may be there to start it anew.
    """

    def __init__(
        self,
        stages: Iterable[Stage],
        *,
        on_word: Callable[[Stage, Word], object],
        on_death: Callable[[Stage, str], object],
        steadfast: bool = False,
    ) -> None:
        self.stages: list[Stage] = list(stages)
        self._on_word = on_word
        self._on_death = on_death
        self._selector = selectors.DefaultSelector()
        self._steadfast = steadfast
        self._ending = False

    def start(self) -> None:
        """Starts every stage."""
        for stage in self.stages:
            self._launch(stage)

    def add(self, stage: Stage) -> None:
        """Starts one more."""
        self.stages.append(stage)
        self._launch(stage)

    def remove(self, stage: Stage) -> None:
        """Knows nothing more of a stage; kills its process if it still runs."""
        self._let_go(stage)
        self.stages.remove(stage)

    def drop_unbegun(self, stages: Iterable[Stage]) -> None:
        """Ends those whose process has not said anything yet: it has nothing to bring in order."""
        for stage in stages:
            ended = self._served(stage)
            if stage.child is not None and not ended and not stage.child.spoke:
                self._let_go(stage)

    def kill(self, stage: Stage) -> None:
        """Ends its process at once, if one runs."""
        self._let_go(stage)

    def revive(self, stage: Stage) -> None:
        """Has a stage that ended, or was given up, started again at once."""
        stage.failure, stage.done, stage.wrong, stage.failing, stage.due_ns = "", False, False, False, 0
        stage.restarts -= 1  # which the start will count; nobody's death was the reason
        stage.backoff = Backoff()

    def step(self, timeout_s: float) -> None:
        """Waits up to ``timeout_s`` seconds for something to happen, hears everybody, restarts whose time
        has come.
        """
        now_ns = SYSTEM.monotonic_ns()
        due = [max(0, stage.due_ns - now_ns) / 1e9 for stage in self.stages if stage.idle]
        self._selector.select(min([timeout_s, *due]))
        for stage in self.stages:
            if stage.child is not None:
                self._serve(stage, stage.child)
            elif stage.idle and SYSTEM.monotonic_ns() >= stage.due_ns:
                stage.restarts += 1
                self._launch(stage)

    def begin_end(self) -> None:
        """All are to end from now on. Those that somebody has stopped, whom no order reaches, are made to go on, so
        that nothing they hold is lost; one that stays stopped, as under a debugger, is not waited for.
        """
        self._ending = True
        for pid in family(stage.pid for stage in self.stages if stage.pid is not None):
            if is_stopped(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def see_out(self, stages: Iterable[Stage], timeout_s: float) -> list[Stage]:
        """Hears stages out until their processes end, which is no death now; those that did not in time, and whatever
        stayed stopped for a second and was killed.
        """
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        left = [stage for stage in stages if stage.child is not None]
        killed: list[Stage] = []
        while left and SYSTEM.monotonic_ns() < until_ns:
            self._selector.select(_LOOK_S)
            for stage in left:
                if self._served(stage):
                    self._let_go(stage)
            # Whoever is not seen out yet too: those who are may wait for it.
            killed += [stage for stage in self.stages if self._ending and self._killed_stopped(stage)]
            left = [stage for stage in left if stage.child is not None]
        return killed + left

    def _killed_stopped(self, stage: Stage) -> bool:
        now_ns = SYSTEM.monotonic_ns()
        if stage.pid is None or not is_stopped(stage.pid):
            stage.stopped_ns = 0
            return False
        stage.stopped_ns = stage.stopped_ns or now_ns
        if now_ns - stage.stopped_ns < _STOPPED_NS:
            return False
        self._let_go(stage)
        self._on_death(stage, "it was stopped, and killed at the end")
        return True

    def hear_until(self, stage: Stage, heard: Callable[[], bool], timeout_s: float) -> bool:
        """Hears a stage that goes on until ``heard()``; False when the time was up first, or its process ended."""
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        while not heard() and SYSTEM.monotonic_ns() < until_ns:
            if stage.child is None:
                return False
            self._selector.select(_LOOK_S)
            self._serve(stage, stage.child)
        return heard()

    def close(self) -> None:
        """Kills what still runs. Idempotent."""
        for stage in self.stages:
            self._let_go(stage)
        self._selector.close()

    def _launch(self, stage: Stage) -> None:
        try:
            stage.child = Child(stage.task())
        except OSError as error:
            self._bury(stage, 0.0, f"cannot start a process: {error}")
            return
        for pipe in stage.child.pipes:
            self._selector.register(pipe, selectors.EVENT_READ)

    def _serve(self, stage: Stage, child: Child) -> None:
        if self._served(stage):
            stage.wrong, stage.elsewhere = child.wrong, child.elsewhere
            lived_s = (SYSTEM.monotonic_ns() - child.started_ns) / 1e9
            cause = child.cause()
            self._let_go(stage)
            if not stage.done:
                self._bury(stage, lived_s, cause)
                self._on_death(stage, cause)

    def _served(self, stage: Stage) -> bool:
        """Hears all a stage has to say; True when that was the last, because its process has ended."""
        child = stage.child
        if child is None:
            return False
        ended = not child.running()  # before listening: what it said until then is in the pipe
        for word in child.hear():
            self._on_word(stage, word)
        return ended

    def _bury(self, stage: Stage, lived_s: float, cause: str) -> None:
        stage.cause, stage.died_ns = cause, SYSTEM.monotonic_ns()
        wait_s = stage.backoff.died(lived_s)
        if stage.wrong:
            wait_s = None
        stage.failing = wait_s is None and self._steadfast and stage.backoff.worked and not stage.elsewhere
        if stage.failing:
            wait_s = Backoff.AGAIN_S
        if wait_s is None:
            stage.failure = cause
        else:
            stage.due_ns = SYSTEM.monotonic_ns() + int(wait_s * 1e9)

    def _let_go(self, stage: Stage) -> None:
        child, stage.child = stage.child, None
        if child is not None:
            for pipe in child.pipes:
                self._selector.unregister(pipe)
            child.close()
