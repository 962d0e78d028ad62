"""Waiting for what comes about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 40.0
_LOOK_S = 0.01


def eventually(true: Callable[[], Any], what: str = "it comes about", within_s: float = PATIENCE_S) -> Any:
    """What ``true()`` gives once it is so; AssertionError, naming ``what``, when it is not in time."""
    until = time.monotonic() + within_s
    while not (found := true()):
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {within_s:g} s")
        time.sleep(_LOOK_S)
    return found


def stands_still(pid: int) -> bool:
    """Whether a stopped process does nothing any more: a signal reaches its threads one after another."""
    states = [
        each.read_text().rpartition(")")[2].split()[0] for each in Path(f"/proc/{pid}/task").glob("*/stat")
    ]
    return set(states) == {"T"}
