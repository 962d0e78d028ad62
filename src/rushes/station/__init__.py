"""One machine's running set of processes: started, supervised, ended in order, and their frames accounted
for.

Start at ``builtin.py``. ``processes`` holds the parent's side of a process, ``child`` the inside,
``stages`` what is done there, ``messages`` what the two say; ``ledger`` and ``books`` keep the counts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.station.builtin import BuiltinStation, Plan
    from rushes.station.report import RunReport, Status

__all__ = ["BuiltinStation", "Plan", "RunReport", "Status"]

_HOME = {"BuiltinStation": "builtin", "Plan": "builtin", "RunReport": "report", "Status": "report"}


# Lazy, because each process of a station imports this package and most need none of these.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.station.{_HOME[name]}"), name)
