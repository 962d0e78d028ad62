"""Ending a queue in time, whatever its functions do."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from rushes.jobs.token import HERE

if TYPE_CHECKING:
    from rushes.jobs.pool import Pool

__all__ = ["drain", "stop"]


def drain(pool: Pool, until: float | None) -> bool:
    """Whether every handle had ended, and everybody was told, by the moment ``until`` (None: whenever)."""
    quiet = threading.Lock()
    quiet.acquire()
    with pool.lock:
        if pool.quiet:
            return True
        pool.drains.append(quiet.release)
    if quiet.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic())):
        return True
    with pool.lock:
        if quiet.release in pool.drains:
            pool.drains.remove(quiet.release)
            return False
    return True


def stop(pool: Pool, *, first: bool, timeout_s: float) -> None:
    """As ``JobQueue.stop`` says; ``first``: after all that waits has run."""
    until = time.monotonic() + timeout_s
    with pool.lock:
        begun, pool.closed = pool.closed, True
        # Whoever waits for room is woken to find the queue closed.
        effects = pool.effects()
    pool.settle(effects)
    if begun:
        return
    if first and HERE.queue is not pool:
        drain(pool, until)
    _cancel_waiting(pool)
    workers = pool.halt()
    _join(workers, until)
    _cancel_running(pool)
    if pool.courier.thread is not None:
        pool.courier.stop()
        # A moment past the end is left for telling those whose functions took all of the time.
        _join([pool.courier.thread], max(until, time.monotonic() + 0.1))


def _join(threads: list[threading.Thread], until: float) -> None:
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))


def _cancel_waiting(pool: Pool) -> None:
    schedule = pool.schedule
    with pool.lock:
        claims = [claim for job in schedule.waiting_jobs() for claim in job]
        schedule.leave_all(claims, "the queue was stopped", time.monotonic())
        for job in schedule.running:
            schedule.warn(job)
        effects = pool.effects()
    pool.settle(effects)


def _cancel_running(pool: Pool) -> None:
    schedule = pool.schedule
    with pool.lock:
        claims = [claim for job in schedule.running for claim in job]
        schedule.leave_all(claims, "the queue was stopped", time.monotonic())
        effects = pool.effects()
    pool.settle(effects)
