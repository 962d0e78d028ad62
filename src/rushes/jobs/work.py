"""What a worker thread does: take a job, run it, give back what came of it."""

from __future__ import annotations

import threading
import traceback
from time import monotonic, sleep
from typing import TYPE_CHECKING

from rushes.errors import JobCancelled
from rushes.jobs.job import PLAIN
from rushes.jobs.token import HERE, Seat

if TYPE_CHECKING:
    from rushes.jobs.job import Job
    from rushes.jobs.pool import Pool

__all__ = ["work"]


TRIES = 4
"""How often a worker gives way before it waits in the lock."""


def work(pool: Pool) -> None:
    """The life of a worker: until the queue stops, or another has taken its place while it was lost."""
    me = threading.current_thread()
    seat = HERE.seat = Seat()
    HERE.queue = pool
    lock, schedule = pool.lock, pool.schedule
    with lock:
        pool.threads.add(me)
    told = 0
    while True:
        with lock:
            pool.telling -= told
            pool.waking = False
            over = pool.alive > pool.workers and pool.excess > 0
            job = None if over else schedule.next(monotonic(), me.ident)
            leaving = over or (job is None and pool.stopping)
            if leaving:
                pool.alive -= 1
                pool.threads.discard(me)
            elif job is None:
                pool.idle += 1
            effects = pool.effects()
        told = 0 if effects is None else pool.settle(effects, worker=True)
        if job is None:
            if told:
                pool.told(told)
                told = 0
            if leaving:
                return
            pool.tokens.get()
            continue
        while job is not None:
            if told:
                pool.told(told)
            job, told, stay = run(pool, job, me, seat)
            if not stay:
                pool.told(told)
                return


def run(pool: Pool, job: Job, me: threading.Thread, seat: Seat) -> tuple[Job | None, int, bool]:
    """Runs the job; (the next one if there was nothing to tell first, how many were told, whether to go on)."""
    began = monotonic()
    value, error = None, None
    seat.job = job
    try:
        if job.terms.isolation == "thread":
            value = job.fn(*job.args, **job.kwargs) if job.kwargs else job.fn(*job.args)
        else:
            from rushes.jobs.process import run_apart  # multiprocessing is loaded only where it is asked for

            value = run_apart(job)
    except BaseException as raised:  # noqa: BLE001  whatever it is, it is the handles' to raise, not this thread's
        error = _thinned(raised)
    seat.job = None
    now = monotonic()
    due = None if error is None or job.terms is PLAIN else retry_at(pool, job, error, now)
    schedule = pool.schedule
    tier = job.tier
    following = None
    stay = True
    lock = pool.lock
    if not lock.acquire(False):
        hold(lock)
    try:
        pool.waits[tier].append(began - job.since)
        pool.runs[tier].append(now - began)
        lost = job.lost
        if due is None or not schedule.retry(job, due, now):
            schedule.finish(job, value, error, now)
        if pool.alive > pool.workers and ((lost and pool.stopping) or pool.excess > 0):
            pool.alive -= 1
            pool.threads.discard(me)
            stay = False
        elif not schedule.told:
            # One hold of the lock for the end of one job and the start of the next; but callbacks go first,
            # else a job would count as running while this thread is busy telling.
            following = schedule.next(now, me.ident)
        effects = pool.effects()
    finally:
        lock.release()
    del value, error, job  # what was made must not be kept by a thread that waits
    told = 0 if effects is None else pool.settle(effects, worker=True)
    return following, told, stay


def hold(lock: threading.Lock) -> None:
    """Takes a lock that was not to be had at once, if it can without waiting in it.

    A thread that waits in a lock is given it while another runs Python; that one then waits in turn, and from
    there on each job costs two switches of threads. One that lets go of the interpreter instead, and tries again
    when it runs, breaks that rhythm.
    """
    for _ in range(TRIES):
        sleep(0)
        if lock.acquire(False):
            return
    lock.acquire()


def retry_at(pool: Pool, job: Job, error: BaseException, now: float) -> float | None:
    """When to try again; None when not. Asks the user's function, so under no lock."""
    retry = job.terms.retry
    if retry is None or job.attempt >= retry.max_tries or isinstance(error, JobCancelled):
        return None
    try:
        wanted = retry.wants(error)
    except Exception as broken:  # noqa: BLE001  the function's own error is the one to report
        error.add_note(f"the retry's on= function raised {broken!r}")
        return None
    return now + retry.delay_s(job.attempt, pool.chance()) if wanted else None


def _thinned(error: BaseException) -> BaseException:
    """Without this module's frame, and without what the others held: a kept error must not keep images."""
    trace = error.__traceback__
    error = error.with_traceback(None if trace is None else trace.tb_next)
    seen: BaseException | None = error
    for _ in range(20):
        if seen is None:
            break
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    return error
