"""A station's processes, seen from the parent: started afresh, listened to, restarted with back-off, ended.

Always a fresh interpreter: a fork would copy the parent's threads' locks and its claims on depots. One thread
starts and serves all of them, for the kernel kills a child when the very thread that started it ends.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import msgspec

import rushes
from rushes.clock import SYSTEM
from rushes.station.messages import Failed, Order, Task, Word
from rushes.station.stage import Backoff, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Backoff", "Child", "Stage", "Supervisor"]

# The package is found where the parent found it, after everything else; -P keeps the caller's folder off
# the path, where a file called numpy.py may lie.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from rushes.station.stages import main; sys.exit(main())"
_TAIL_BYTES = 4096
_MOST_UNREAD = 1 << 16
_LOOK_S = 0.02  # how often to see whether a process has ended whose pipes tell nothing


class Child:
    """One process with its three pipes. Raises OSError when it cannot be started."""

    def __init__(self, task: Task) -> None:
        home = str(Path(rushes.__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, home, task.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # A group of its own: Ctrl-C in the terminal is for the parent, also while a child is still
            # importing.
            process_group=0,
        )
        # All three were asked for, so none is None.
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)
        self._err = cast("IO[bytes]", self._process.stderr)
        for pipe in (self._stdin, self._out, self._err):
            os.set_blocking(pipe.fileno(), False)
        # Not on the command line, which everybody on the machine can read: a camera's address has its password.
        self._send(task)
        self._words = msgspec.json.Decoder(Word)
        self._unread = b""
        self._tail = b""
        self._cause = ""
        self.spoke = False
        """Whether it has said anything: before that it is still loading what it needs."""
        self.wrong = self.elsewhere = False
        """Whether it said that another try would end the same way, and that another process does its work."""
        self.started_ns = SYSTEM.monotonic_ns()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def pipes(self) -> tuple[int, int]:
        """Descriptors to wait on for something to hear."""
        return self._out.fileno(), self._err.fileno()

    def running(self) -> bool:
        """Whether it is alive; reaps it when not."""
        return self._process.poll() is None

    def tell(self, order: Order) -> None:
        """Sends an order; a process that is gone, or listens to none of many, does not get it."""
        self._send(order)

    def _send(self, message: Task | Order) -> None:
        try:
            self._stdin.write(msgspec.json.encode(message) + b"\n")
        except (BrokenPipeError, BlockingIOError):
            return  # its end is noticed, and dealt with, elsewhere

    def hear(self) -> list[Word]:
        """What it has said since the last call. Never waits."""
        self._tail = (self._tail + _drain(self._err.fileno()))[-_TAIL_BYTES:]
        *lines, self._unread = (self._unread + _drain(self._out.fileno())).split(b"\n")
        self._unread = self._unread[-_MOST_UNREAD:]
        words = []
        for line in lines:
            try:
                words.append(self._words.decode(line))
            except msgspec.MsgspecError:
                self._tail = (self._tail + line + b"\n")[-_TAIL_BYTES:]  # some library that prints
        self.spoke = self.spoke or bool(words)
        for word in words:
            if isinstance(word, Failed):
                self._cause = word.cause
                self.wrong, self.elsewhere = word.wrong, word.elsewhere
        return words

    def cause(self) -> str:
        """Why it ended, in one line."""
        code = self._process.poll()
        if self._cause:
            return self._cause
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        said = self._tail.decode("utf-8", "replace").strip().splitlines()
        return f"ended with exit code {code}" + (f": {said[-1]}" if said else "")

    def wait(self, timeout_s: float) -> bool:
        """Waits for its end; False when the time was up first."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Kills it if it still runs, reaps it and closes the pipes. Idempotent."""
        if self.running():
            self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._out, self._err):
            pipe.close()


class Supervisor:
    """Starts stages, hears what they say, and restarts those that die. All calls from one thread."""

    def __init__(
        self,
        stages: Iterable[Stage],
        *,
        on_word: Callable[[Stage, Word], object],
        on_death: Callable[[Stage, str], object],
    ) -> None:
        self.stages: list[Stage] = list(stages)
        self._on_word = on_word
        self._on_death = on_death
        self._selector = selectors.DefaultSelector()

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
        stage.failure, stage.done, stage.wrong, stage.due_ns = "", False, False, 0
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

    def see_out(self, stages: Iterable[Stage], timeout_s: float) -> list[Stage]:
        """Hears stages out until their processes end, which is no death now; those that did not in time."""
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        left = [stage for stage in stages if stage.child is not None]
        while left and SYSTEM.monotonic_ns() < until_ns:
            self._selector.select(_LOOK_S)
            for stage in left:
                if self._served(stage):
                    self._let_go(stage)
            left = [stage for stage in left if stage.child is not None]
        return left

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
        wait_s = None if stage.wrong else stage.backoff.died(lived_s)
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


def _drain(descriptor: int) -> bytes:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)
