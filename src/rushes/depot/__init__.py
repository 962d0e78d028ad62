"""Depots: the latest frames of a channel in shared memory.

Start at ``depot.py``, the front. ``policy`` says what happens when it is full, ``opening`` how handles come
and go, ``segment`` what lies on disk, ``waiting`` and ``aio`` how readers wait, ``consumer`` how losses are
counted.
"""

from __future__ import annotations

from rushes.depot.consumer import FrameIterator
from rushes.depot.depot import Depot
from rushes.depot.inventory import list_depots, sweep
from rushes.depot.lease import Lease, Loan
from rushes.depot.records import ConsumerStats, DepotInfo, DepotStats, LeaseInfo, PutResult

__all__ = [
    "ConsumerStats",
    "Depot",
    "DepotInfo",
    "DepotStats",
    "FrameIterator",
    "Lease",
    "LeaseInfo",
    "Loan",
    "PutResult",
    "list_depots",
    "sweep",
]
