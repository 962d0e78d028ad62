"""For tests of programs built on this project: a manual clock, a test card reader, counts of leaks.

``depot_core`` holds what every core of a depot must keep, as tests to inherit; it needs pytest.

Nothing that is shipped imports this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.testing.card import read_card
    from rushes.testing.clock import ManualClock
    from rushes.testing.leaks import LeakSnapshot, snapshot

__all__ = ["LeakSnapshot", "ManualClock", "read_card", "snapshot"]

_HOME = {
    "LeakSnapshot": "rushes.testing.leaks",
    "ManualClock": "rushes.testing.clock",
    "read_card": "rushes.testing.card",
    "snapshot": "rushes.testing.leaks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
