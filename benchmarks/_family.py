"""A process with all that come from it: what they take of the processor, and how they are ended."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all that come from it."""
    out = [pid]
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                out += family(int(child))
    return out


def cpu_s(pid: int, *, alone: bool = False) -> float:
    """User and system time of the process and, unless ``alone``, of all that come from it, so far."""
    total = 0
    for each in [pid] if alone else family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def kill_tree(pid: int) -> None:
    """Kills the process and all that come from it."""
    for each in reversed(family(pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
