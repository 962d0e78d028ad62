"""Ends of a stream in processes of their own, perhaps in another network namespace.

A node is a program of :mod:`tests.support`, started with a plan and talked to in lines of JSON: it says what
happens (``{"what": "frame", …}``), and is told what to do (``{"what": "stop"}``).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.netns import Namespace

PATIENCE_S = 20.0
Said = dict[str, Any]


class Node:
    """A running program. What it says is kept in order until it is asked for."""

    def __init__(self, program: str, plan: Said, inside: Namespace | None = None) -> None:
        command = [sys.executable, "-m", f"tests.support.{program}", json.dumps(plan)]
        self.process = subprocess.Popen(
            inside.command(*command) if inside else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._said: queue.Queue[Said | None] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, name="node's words")
        self._listener.start()

    def hear(self, what: str, timeout_s: float = PATIENCE_S) -> Said:
        """The next it says of that kind; what it said before is forgotten. AssertionError when it ended."""
        return self.until(lambda said: said["what"] == what, timeout_s)[-1]

    def until(self, found: Callable[[Said], bool], timeout_s: float = PATIENCE_S) -> list[Said]:
        """All that it says up to the first that is ``found``."""
        heard: list[Said] = []
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                said = self._said.get(timeout=max(0.01, end_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing of the kind in {timeout_s:.0f} s, but {heard[-3:]}") from None
            assert said is not None, f"the node ended ({self.process.wait(5)}) after {heard[-3:]}"
            heard.append(said)
            if found(said):
                return heard

    def so_far(self) -> list[Said]:
        """All that it said and was not asked for."""
        heard: list[Said] = []
        with contextlib.suppress(queue.Empty):
            while (said := self._said.get_nowait()) is not None:
                heard.append(said)
        return heard

    def tell(self, what: str, **details: Any) -> None:
        """What it said last tells of one that has ended already."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"what": what, **details}) + "\n")
            self.process.stdin.flush()

    def ask(self, what: str) -> Said:
        """Its answer, which it says under the same name."""
        self.tell(what)
        return self.hear(what)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Told to stop, so that it gives back what it holds; killed when it does not end by itself."""
        if self.process.poll() is None:
            self.resume()
            self.tell("stop")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.kill()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone and all it said has been read."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                self._said.put(json.loads(line))
        self._said.put(None)


Start = Callable[..., Node]


@contextlib.contextmanager
def starter() -> Iterator[Start]:
    """Starts nodes, as ``Node`` does; all of them are gone when the block ends."""
    nodes: list[Node] = []

    def start(program: str, plan: Said, inside: Namespace | None = None) -> Node:
        nodes.append(Node(program, plan, inside))
        return nodes[-1]

    try:
        yield start
    finally:
        for node in nodes:
            node.end()


def say(what: str, **details: Any) -> None:
    """For the program: one line to whoever started it."""
    print(json.dumps({"what": what, **details}), flush=True)


class Orders:
    """For the program: what it was told. ``stopped`` is set by "stop", and when whoever started it is gone; ``ended``
    is the program's own to set.
    """

    def __init__(self, **answers: Callable[[], Said]) -> None:
        self.stopped = threading.Event()
        self.go = threading.Event()
        self.ended = threading.Event()
        self._answers = answers
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            what = json.loads(line)["what"]
            if what in self._answers:
                say(what, **self._answers[what]())
            elif what == "go":
                self.go.set()
            elif what == "stop":
                break
        self.stopped.set()
        self.go.set()
