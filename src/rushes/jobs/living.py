"""Queues that live in this process: what a fork and the interpreter's exit have to do with them."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from rushes.jobs.ending import stop

if TYPE_CHECKING:
    from rushes.jobs.pool import Pool

__all__ = ["remember"]

_LIVING: weakref.WeakSet[Pool] = weakref.WeakSet()
"""Fork and exit hooks belong to the process and get no argument."""


class _Forking(threading.local):
    """Whose locks this thread holds while it forks: another may make or change a queue meanwhile."""

    def __init__(self) -> None:
        self.held: list[Pool] = []


_FORKING = _Forking()


def remember(pool: Pool) -> None:
    """Has forks and the exit see to this queue."""
    _LIVING.add(pool)


def _before_fork() -> None:
    # Held across the fork, so that the child finds every queue between two changes.
    for pool in list(_LIVING):
        pool.lock.acquire()
        _FORKING.held.append(pool)


def _in_parent() -> None:
    while _FORKING.held:
        _FORKING.held.pop().lock.release()


def _in_child() -> None:
    """None of the threads came along: all that was waiting or running here is cancelled, the queue is usable."""
    _FORKING.held.clear()
    for pool in list(_LIVING):
        schedule = pool.schedule
        claims = [claim for job in (*schedule.waiting_jobs(), *schedule.running) for claim in job]
        schedule.leave_all(claims, "the process was forked", time.monotonic())
        for job in (*schedule.running, *schedule.lost):
            schedule.forget(job)
        # Those who are to be told are the parent's affair.
        schedule.told, schedule.wakes, schedule.stops = [], [], []
        schedule.timers.clear()
        pool.begin()


def _at_exit() -> None:
    """Daemon threads end with the interpreter, in the midst of whatever they do; idle ones are ended before."""
    for pool in list(_LIVING):
        stop(pool, first=False, timeout_s=0.2)


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
