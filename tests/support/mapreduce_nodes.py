"""Workers and receivers in processes of their own: started, looked into, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.nats_hub import gone


class Node:
    """A running node; the first line it prints, once it is ready, is ``told()``."""

    def __init__(self, *words: str, before: Sequence[str] = (), **environment: str) -> None:
        self.words, self._before, self._environment = words, before, environment
        self._told = ""
        self.process = self._start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def told(self) -> str:
        assert self.process.stdout is not None
        self._told = self._told or self.process.stdout.readline().strip()
        return self._told

    def kill(self) -> None:
        """SIGKILL, with all that it started left to their own."""
        self.process.kill()
        self._reap()

    def again(self) -> None:
        self.process = self._start()

    def stop(self, timeout_s: float = 20) -> int:
        """Asks it to end; its exit code."""
        if self.told():  # from then on it knows what to do when asked to end
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        finally:
            self.kill()

    def _start(self) -> subprocess.Popen[str]:
        self._told = ""
        root = Path(__file__).parent.parent.parent
        return subprocess.Popen(
            [*self._before, sys.executable, "-m", "tests.support.mapreduce_node", *self.words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), **self._environment},
        )

    def _reap(self) -> None:
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def nodes() -> Iterator[list[Node]]:
    """A list of nodes to be filled; those in it are gone at the end."""
    running: list[Node] = []
    try:
        yield running
    finally:
        for each in running:
            each.kill()


def children(pid: int) -> list[int]:
    """The processes that a process started, and that have not ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(place.parent.name))
    return found


def family(pid: int) -> list[int]:
    """A process's children and theirs."""
    return [each for child in children(pid) for each in (child, *family(child))]


def all_gone(pids: Sequence[int], timeout_s: float = 10) -> bool:
    return all(gone(pid, timeout_s) for pid in pids)
