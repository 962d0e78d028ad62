"""The other process of the tests of cores: joins the segment it is given and obeys what it reads.

Each order is one word and perhaps a number; each is answered by one line.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from rushes.testing.depot_core_bench import join, put

if TYPE_CHECKING:
    from rushes._native.core import Core, Module


class Participant:
    """The orders, one method each."""

    def __init__(self, module: Module, fd: int, name: str) -> None:
        self._module = module
        self._fd = fd
        self._core: Core = join(module, fd, name=name)
        self._kept: list[Any] = []

    def put(self, value: int) -> str:
        """Put a frame of this value."""
        return str(put(self._core, value))

    def newest(self, _: int) -> str:
        """Take a lease on the newest frame and say what is in it."""
        hold = self._core.newest()
        self._kept.append(hold)
        return "none" if hold is None else f"{hold.sequence} {int(hold.array()[0])}"

    def all(self, _: int) -> str:
        """Take a lease on every frame."""
        self._kept += [self._core.exact(sequence) for sequence in self._core.sequences()]
        return str(len(self._kept))

    def forget(self, _: int) -> str:
        """Let go of all leases."""
        self._kept.clear()
        return "forgot"

    def reserve(self, take: int) -> str:
        """Reserve a slot and keep it."""
        return str(self._core.reserve(take, -1)[0])

    def consume(self, start: int) -> str:
        """Open a lossless consumer."""
        return str(self._core.consumer_open("child", True, start))

    def fault(self, point: int) -> str:
        """Die at this point from now on."""
        self._core.fault(point)
        return "armed"

    def join(self, _: int) -> str:
        """Join a second time."""
        self._kept.append(join(self._module, self._fd))
        return "joined"

    def reclaim(self, _: int) -> str:
        """Take back what the dead left."""
        return str(self._core.reclaim())

    def leave(self, _: int) -> str:
        """Leave in order; the leases it has keep their frames."""
        self._core.close()
        return "left"

    def poke(self, value: int) -> str:
        """Write into the newest frame through its address, which must end this process."""
        hold = self._core.newest()
        if hold is None:
            return "nothing to write into"
        ctypes.memset(hold.array().ctypes.data, value, 1)
        return "written"

    def fork(self, _: int) -> str:
        """Fork a child that says it is one, and stays, views and all, until it is killed."""
        ready, say = os.pipe()
        pid = os.fork()
        if not pid:
            self._core.forked()
            os.write(say, b"x")
            os.closerange(0, 3)
            while True:
                signal.pause()
        os.read(ready, 1)
        return str(pid)


def main() -> None:
    """Obey until the input ends or an order is the last one."""
    module, fd, name = sys.argv[1:]
    found: Any = importlib.import_module(module)
    me = Participant(found, int(fd), name)
    _say("joined")
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        _say(getattr(me, word)(int(number or 0)))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
