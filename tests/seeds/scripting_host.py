"""A video server that runs a script: its callbacks come one after the other on the script's own thread, as there.

python -m tests.seeds.scripting_host SCRIPT WAY UNTIL

``WAY`` is how the server writes pictures, ``UNTIL`` an expression of the script's own names that tells its end.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import time
import types
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.unit.shots import fake_host

NAMES = (
    "settings",
    "timeout",
    "random_guid",
    "screenshot_v2",
    "screenshot_v2_figures",
    "message",
    "question",
)


class Server(fake_host.FakeHost):
    """Prints what the script shows to its user."""

    def __init__(self, way: str) -> None:
        super().__init__(Path("server shots"), getattr(fake_host, way))
        self.calls_due: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def timeout(self, milliseconds: int, call: Callable[[], object]) -> None:
        self.calls_due.put(call)

    def message(self, text: str) -> None:
        print("message", text, flush=True)

    def question(self, *arguments: object) -> None:
        super().question(*arguments)
        print("question", *arguments[:2], flush=True)


def main(script: str, way: str, until: str) -> None:
    server = Server(way)
    module = types.ModuleType("host")
    for name in NAMES:
        setattr(module, name, getattr(server, name))
    sys.modules["host"] = module
    os.startfile = lambda path: print("opened", path, flush=True)  # type: ignore[attr-defined]  # Windows has it
    names: dict[str, object] = {"__name__": "__main__", "server": server}
    exec(compile(Path(script).read_text(encoding="utf-8"), script, "exec"), names)
    late = time.monotonic() + 50
    while not eval(until, names):
        assert time.monotonic() < late, f"{until} has not come true"
        with suppress(queue.Empty):
            server.calls_due.get(timeout=0.01)()
    server.close()
    Path("calls.json").write_text(json.dumps(server.calls), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
