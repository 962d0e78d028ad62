"""Sources: what frames come from, and how they are paced."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.capture.pacer import Pacer, Tick
    from rushes.capture.strip import read_strip
    from rushes.capture.testcard import TestCard

__all__ = ["Pacer", "TestCard", "Tick", "read_strip"]

_HOME = {"Pacer": "pacer", "Tick": "pacer", "read_strip": "strip", "TestCard": "testcard"}


# Lazy, because whoever only reads strips or keeps time need not load what draws text.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.capture.{_HOME[name]}"), name)
