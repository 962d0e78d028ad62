"""How much memory processes really take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cpu_seconds", "memory_bytes", "own_bytes"]


def memory_bytes(pids: Iterable[int]) -> int:
    """The memory of these processes together, what they share counted once: a depot shows in all who joined
    it.

    Processes that are gone, and systems without /proc, count as nothing.
    """
    return sum(_proportional_bytes(pid) for pid in pids)


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used; 0 for one that is gone, and without /proc."""
    try:
        # After the name, which may have spaces: the state is the first field, the two times are the 12th and 13th.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


def own_bytes(pid: int) -> int:
    """Memory that a process has of its own, shared depots not counted; 0 for one that is gone, and without /proc."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
