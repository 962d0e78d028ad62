"""How much memory processes really take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["memory_bytes"]


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
