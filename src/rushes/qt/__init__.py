"""Recording and choosing regions from Qt programs. Needs the extra "qt"."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.qt.controller import CaptureController
    from rushes.qt.picker import pick_region
    from rushes.qt.signals import CaptureSignals

__all__ = ["CaptureController", "CaptureSignals", "pick_region"]

_HOME = {"CaptureController": "controller", "CaptureSignals": "signals", "pick_region": "picker"}


# Lazy, because signals need no window: a machine without a graphics library can record all the same.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.qt.{_HOME[name]}"), name)
