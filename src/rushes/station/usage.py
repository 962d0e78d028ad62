"""How much memory processes really take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cpu_seconds", "family", "is_stopped", "memory_bytes", "own_bytes"]


def family(pids: Iterable[int]) -> list[int]:
    """These processes and those that they have started, and so on: workers and a hub have some. What is gone, or
    cannot be known without /proc, is left out.
    """
    found = list(dict.fromkeys(pids))
    for pid in found:  # which grows meanwhile
        found += [child for child in _children(pid) if child not in found]
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for each in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (each / "children").read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return children  # it, or one of its threads, ended just now
    return children


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
    fields = _stat(pid)
    try:
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except IndexError:
        return 0.0


def is_stopped(pid: int) -> bool:
    """Whether somebody has stopped it, by a signal or to look into it, so that it does nothing."""
    return _stat(pid)[:1] in (["T"], ["t"])


def _stat(pid: int) -> list[str]:
    """From the state on, which is the first, as the name before it may have spaces; the processor times are the 12th
    and 13th. Empty for one that is gone, and without /proc.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def own_bytes(pid: int) -> int:
    """Memory that a process has of its own, shared depots not counted; 0 for one that is gone, and without /proc."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
