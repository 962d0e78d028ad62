"""Sources: what frames come from, and how they are paced.

``sources`` opens one by its address: ``screen``, ``card``, ``files`` (with ``album``), ``live`` and
``depot_source`` are the kinds; ``coded_file`` and ``coded_live`` give pictures as they are coded.
``pace`` and ``pacer`` keep the time, ``thin`` takes fewer, ``records`` is what all of them tell. ``recorder``
records one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.capture.pacer import Pacer, Tick
    from rushes.capture.recorder import Recorder
    from rushes.capture.records import SourceStats
    from rushes.capture.sources import open_source
    from rushes.capture.strip import read_strip
    from rushes.capture.testcard import TestCard

__all__ = ["Pacer", "Recorder", "SourceStats", "TestCard", "Tick", "open_source", "read_strip"]

_HOME = {
    "Pacer": "pacer",
    "Recorder": "recorder",
    "SourceStats": "records",
    "TestCard": "testcard",
    "Tick": "pacer",
    "open_source": "sources",
    "read_strip": "strip",
}


# Lazy, because whoever only reads strips or keeps time need not load what draws text.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.capture.{_HOME[name]}"), name)
