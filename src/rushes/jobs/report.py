"""Putting a queue's ledger together."""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.jobs.job import Priority
from rushes.jobs.records import JobStats, LostJob
from rushes.metrics import LatencyMarks, LatencySummary

if TYPE_CHECKING:
    from rushes.jobs.pool import Pool
    from rushes.jobs.room import Room

__all__ = ["stats"]


def stats(pool: Pool, room: Room) -> JobStats:
    """All counts of one moment."""
    schedule = pool.schedule
    with pool.lock:
        now = time.monotonic()
        lost = list(schedule.lost.items())
        oldest = min((job.since for job in schedule.waiting_jobs()), default=now)
        found = JobStats(
            submitted=schedule.submitted,
            success=schedule.outcomes["success"],
            error=schedule.outcomes["error"],
            cancelled=schedule.outcomes["cancelled"],
            timed_out=schedule.outcomes["timed_out"],
            waiting=schedule.waiting,
            running=schedule.active,
            coalesced=schedule.coalesced,
            retried=schedule.retried,
            late=schedule.late,
            dropped={"full": room.dropped, "refused": room.refused},
            load=schedule.load,
            max_waiting=room.most,
            oldest_s=max(0.0, now - oldest),
            workers=pool.workers,
            spares=max(0, pool.alive - pool.workers),
            saturated=pool.saturated,
        )
        waits, runs = [list(each) for each in pool.waits], [list(each) for each in pool.runs]
        details = [(job.key, now - job.since, ident) for job, ident in lost]
    frames = sys._current_frames() if details else {}  # noqa: SLF001  documented, underscore and all
    records = []
    for key, age_s, ident in details:
        frame = frames.get(ident)
        stack = "" if frame is None else "".join(traceback.format_stack(frame))
        records.append(LostJob(key, age_s, stack))
    del frames
    names = {int(priority): priority.name for priority in Priority}
    return replace(
        found,
        lost=tuple(records),
        waits={name: _summary(waits[tier]) for tier, name in names.items()},
        runs={name: _summary(runs[tier]) for tier, name in names.items()},
    )


def _summary(seconds: list[float]) -> LatencySummary:
    marks = LatencyMarks(max(1, len(seconds)))
    for each in seconds:
        marks.mark(each)
    return marks.summary()
