"""One process of a station, seen from the parent: its pipes, what it says, and why it ended.

Always a fresh interpreter: a fork would copy the parent's threads' locks and its claims on depots.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

import msgspec

import rushes
from rushes.clock import SYSTEM
from rushes.station.messages import Failed, Order, Task, Word

__all__ = ["Child"]

# The package is found where the parent found it, after everything else; -P keeps the caller's folder off
# the path, where a file called numpy.py may lie.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from rushes.station.stages import main; sys.exit(main())"
_TAIL_BYTES = 4096
_MOST_UNREAD = 1 << 16


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
