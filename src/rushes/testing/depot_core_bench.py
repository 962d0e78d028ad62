"""What the tests of a core need: segments, participants, and other processes that use and leave them."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import pytest

from rushes._native import core, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rushes._native.core import Core, Module

CHILD = "rushes.testing.depot_core_child"
PATIENCE_S = 30.0


def pixels(value: int, size: int = 64) -> NDArray[np.uint8]:
    """A frame of one value, to be recognised by."""
    return np.full(size, value % 256, np.uint8)


def make_segment(
    module: Module, kind: int, slots: int, participants: int, slot_bytes: int, flags: int = 0
) -> int:
    """A descriptor of a fresh segment without a name."""
    where = layout.geometry(slots, participants, slot_bytes)
    fd = os.memfd_create("rushes-test", os.MFD_CLOEXEC)
    os.posix_fallocate(fd, 0, where.total)
    header = layout.Header(where, kind, flags, 0, os.getpid(), time.time_ns(), 0, os.urandom(16), "|u1", None)
    os.pwrite(fd, layout.pack(header, finished=False), 0)
    module.initialise(fd)
    os.pwrite(fd, layout.pack(header), 0)
    return fd


def join(module: Module, fd: int, *, writable: bool = True, name: str = "test") -> Core:
    """A participant with an opening of its own."""
    return module.Core(os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC), writable, True, name)


def put(who: Core, value: int, take: int = core.TAKE_OLDEST, number: int = -1) -> tuple[int, int, int, int]:
    """Put one recognisable frame."""
    return who.put(pixels(value), take, number, 1000 + value, "gray8", b"meta %d" % value)


def counted(who: Core) -> dict[str, int]:
    """The counters by name, after a look whether they add up."""
    values = dict(zip(("held", *layout.COUNTER_NAMES), who.counters(), strict=True))
    dropped = sum(values[name] for name in values if name.startswith("dropped_"))
    assert values["offered"] == values["stored"] + dropped, values
    kept = sum(values[name] for name in ("held", "evicted", "spilled", "cleared"))
    assert values["stored"] == kept, values
    assert values["held"] == who.held() == len(who.sequences())
    return values


def leases_of(who: Core) -> list[tuple[int, int, int]]:
    """(sequence, participant row, count) of every lease, after garbage has been collected."""
    gc.collect()
    return [(sequence, row, count) for sequence, _, row, count, _ in who.leases()]


class Child:
    """Another process that has joined a segment and obeys one order at a time."""

    def __init__(self, module: str, fd: int, name: str) -> None:
        command = [sys.executable, "-m", CHILD, module, str(fd), name]
        self.process = subprocess.Popen(
            command, pass_fds=[fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.answer() == "joined"

    def answer(self) -> str:
        """The next line it says; empty when it has died."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, order: str) -> str:
        """What it says to an order; empty when it died of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self.answer()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Close its orders, wait, and return its exit status."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return self.process.wait(PATIENCE_S)


class CoreBench:
    """The hooks; a test gets a new instance each time, and all that was made with it goes afterwards."""

    core_module: ClassVar[str]
    core_kind: ClassVar[int]
    _made: ExitStack

    @pytest.fixture(autouse=True)
    def clean_up(self) -> Iterator[None]:
        """Close cores and descriptors, end children."""
        with ExitStack() as self._made:
            yield

    @property
    def module(self) -> Module:
        """The core's module."""
        found: Any = importlib.import_module(self.core_module)
        return cast("Module", found)

    def make_segment(
        self, slots: int = 4, participants: int = 8, slot_bytes: int = 64, flags: int = 0
    ) -> int:
        """A descriptor of a fresh segment."""
        fd = make_segment(self.module, self.core_kind, slots, participants, slot_bytes, flags)
        self._made.callback(os.close, fd)
        return fd

    def join(self, fd: int, *, writable: bool = True, name: str = "test") -> Core:
        """A participant of it."""
        who = join(self.module, fd, writable=writable, name=name)
        self._made.callback(who.close)
        return who

    def start(self, fd: int, name: str = "child") -> Child:
        """A process that has joined it."""
        child = Child(self.core_module, fd, name)
        self._made.callback(child.kill)
        return child

    def writer(self, slots: int = 4, frames: int = 0, **options: int) -> tuple[int, Core]:
        """A segment and a writer that has put some frames, numbered and filled from 0."""
        fd = self.make_segment(slots, **options)
        who = self.join(fd)
        for value in range(frames):
            assert put(who, value)[0] == core.OK
        return fd, who
