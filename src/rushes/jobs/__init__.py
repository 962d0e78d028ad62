"""Jobs: functions run on threads by urgency, shared when equal, and given up when nobody wants them.

Start at ``queue.py``, the front. ``job`` and ``schedule`` are the model (pure, with ``ready``, ``gate``,
``timers``, ``retry``), ``handle`` and ``token`` what callers and running functions hold, ``pool`` and ``work``
the threads, ``delivery`` how callbacks are called, ``view`` what a viewport asks.
"""

from __future__ import annotations

from rushes.jobs.handle import Handle, as_completed
from rushes.jobs.job import Priority, Request
from rushes.jobs.queue import JobQueue
from rushes.jobs.records import Change, JobStats, LostJob
from rushes.jobs.retry import Retry
from rushes.jobs.token import JobToken, current_job

__all__ = [
    "Change",
    "Handle",
    "JobQueue",
    "JobStats",
    "JobToken",
    "LostJob",
    "Priority",
    "Request",
    "Retry",
    "as_completed",
    "current_job",
]
