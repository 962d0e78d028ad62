"""Other Python processes for tests: started from source text, talked to by lines, killed for sure."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import rushes

# What a script may name without importing it, by the line that loads it.
_AT_HAND = {
    "np": "import numpy as np",
    **dict.fromkeys(("picture", "shows"), "from tests.support.pictures import picture, shows"),
    **{name: f"from rushes import {name}" for name in rushes.__all__},
}


def prelude(source: str) -> str:
    """Loads what ``source`` names. All of rushes, by a star, takes a second: longer than most scripts do."""
    named = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    lines = {line for name, line in _AT_HAND.items() if name in named}
    return "\n".join(["import os, sys, time, signal", *sorted(lines), ""])


class Script:
    """A running script. ``line()`` waits for its next printed line; ``say()`` answers its ``input()``."""

    def __init__(self, source: str, *arguments: str) -> None:
        source = textwrap.dedent(source)
        self.process = subprocess.Popen(
            [sys.executable, "-c", prelude(source) + source, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def say(self, text: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is reaped."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait(self, timeout_s: float = 60) -> int:
        return self.process.wait(timeout_s)


@contextlib.contextmanager
def script(source: str, *arguments: str) -> Iterator[Script]:
    """A script that is gone, killed if need be, when the block ends."""
    running = Script(source, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.signal(signal.SIGCONT)
        running.kill()
        for pipe in (running.process.stdin, running.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
