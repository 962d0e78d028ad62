"""One machine's running set of processes: started, supervised, ended in order, and their frames accounted
for.

Start at ``builtin.py``: it runs the channels of a ``plan``. ``channel`` is one of them seen from the parent,
``filling`` and ``reading`` what its processes do (they begin in ``stages``), ``recording`` and ``streaming`` what
those of all channels do, ``processes`` holds the parent's
side of a process, ``child`` the inside, ``messages`` what the two say; ``ledger`` and ``books`` keep the counts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.station.builtin import BuiltinStation
    from rushes.station.plan import ChannelPlan, Plan, StreamPlan, channels_from
    from rushes.station.report import RunReport, Status

__all__ = ["BuiltinStation", "ChannelPlan", "Plan", "RunReport", "Status", "StreamPlan", "channels_from"]

_HOME = {
    "BuiltinStation": "builtin",
    "ChannelPlan": "plan",
    "Plan": "plan",
    "RunReport": "report",
    "Status": "report",
    "StreamPlan": "plan",
    "channels_from": "plan",
}


# Lazy, because each process of a station imports this package and most need none of these.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.station.{_HOME[name]}"), name)
