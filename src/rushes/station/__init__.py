"""One machine's running set of processes: started, supervised, ended in order, and their frames accounted
for.

Start at ``runner.py``: it runs the channels of a ``plan``, which ``planning`` makes of a ``config``. ``channel`` is one
of them seen from the parent, ``filling`` what its source's process does (all begin in ``stages``);
``archiver``, ``outlet`` and ``page`` are those that serve all channels, ``recording`` and ``streaming`` what they do.
``processes`` holds the parent's side of a process, ``child`` the inside, ``messages`` what the two say; ``ledger`` and
``books`` keep the counts, ``boarding`` shows them. ``reloading`` changes a plan that runs; ``station`` is all of it
inside any program.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.station.config_tables import Config
    from rushes.station.plan import ChannelPlan, Plan, StreamPlan, channels_from
    from rushes.station.report import RunReport, Status
    from rushes.station.runner import Runner
    from rushes.station.station import Station

__all__ = [
    "ChannelPlan",
    "Config",
    "Plan",
    "RunReport",
    "Runner",
    "Station",
    "Status",
    "StreamPlan",
    "channels_from",
]

_HOME = {
    "ChannelPlan": "plan",
    "Config": "config_tables",
    "Plan": "plan",
    "RunReport": "report",
    "Runner": "runner",
    "Station": "station",
    "Status": "report",
    "StreamPlan": "plan",
    "channels_from": "plan",
}


# Lazy, because each process of a station imports this package and most need none of these.
def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"rushes.station.{_HOME[name]}"), name)
