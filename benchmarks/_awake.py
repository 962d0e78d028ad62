"""Keeps the cores awake while wake-ups are timed.

On an idle virtual processor the time from a wake-up call to the first instruction is mostly the hypervisor's,
some tens of microseconds that are alike for every contender and hide what they differ by. So each core gets a
busy loop of the scheduling class that runs only when nobody else wants the core.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOP = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def awake() -> Iterator[None]:
    """No core sleeps inside this block."""
    loops = [
        subprocess.Popen([sys.executable, "-c", _LOOP, str(core)]) for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
