"""What a worker thread does: take a job, run it, give back what came of it."""

from __future__ import annotations

import threading
import traceback
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from rushes.errors import JobCancelled
from rushes.jobs.job import PLAIN
from rushes.jobs.token import HERE

if TYPE_CHECKING:
    from rushes.jobs.job import Job
    from rushes.jobs.pool import Pool

__all__ = ["work"]


TRIES = 4
"""How often a worker gives way before it waits in the lock."""


def work(pool: Pool) -> None:
    """The life of a worker: until the queue stops, or another has taken its place while it was lost."""
    me = threading.current_thread()
    HERE.queue = pool
    lock, schedule = pool.lock, pool.schedule
    with lock:
        pool.threads.add(me)
    while True:
        with lock:
            pool.waking = False
            job = schedule.next(monotonic(), me.ident)
            leaving = job is None and pool.stopping
            if leaving:
                pool.alive -= 1
                pool.threads.discard(me)
            elif job is None:
                pool.idle += 1
            effects = pool.effects()
        if effects is not None:
            pool.settle(effects, worker=True)
        if job is None:
            if leaving:
                return
            pool.tokens.get()
            continue
        while job is not None:
            job, stay = run(pool, job, me)
            if not stay:
                return


def run(pool: Pool, job: Job, me: threading.Thread) -> tuple[Job | None, bool]:
    """Runs the job; (the next one if there was nothing to tell first, whether this thread goes on)."""
    began = monotonic()
    value, error = attempt(job)
    now = monotonic()
    due = None if error is None or job.terms is PLAIN else retry_at(pool, job, error, now)
    schedule = pool.schedule
    tier = job.tier
    following = None
    stay = True
    if not pool.lock.acquire(blocking=False):
        hold(pool.lock)
    try:
        pool.waits[tier].append(began - job.since)
        pool.runs[tier].append(now - began)
        lost = job.lost
        if due is None or not schedule.retry(job, due, now):
            schedule.finish(job, value, error, now)
        if lost and (pool.stopping or pool.alive - len(schedule.lost) > pool.workers):
            pool.alive -= 1
            pool.threads.discard(me)
            stay = False
        elif not schedule.told:
            # One hold of the lock for the end of one job and the start of the next; but callbacks go first,
            # else a job would count as running while this thread is busy telling.
            following = schedule.next(now, me.ident)
        effects = pool.effects()
    finally:
        pool.lock.release()
    del value, error, job  # what was made must not be kept by a thread that waits
    if effects is not None:
        pool.settle(effects, worker=True)
    return following, stay


def hold(lock: threading.Lock) -> None:
    """Takes a lock that was not to be had at once, if it can without waiting in it.

    A thread that waits in a lock is given it while another runs Python; that one then waits in turn, and from
    there on each job costs two switches of threads. One that lets go of the interpreter instead, and tries again
    when it runs, breaks that rhythm.
    """
    for _ in range(TRIES):
        sleep(0)
        if lock.acquire(blocking=False):
            return
    lock.acquire()


def attempt(job: Job) -> tuple[Any, BaseException | None]:
    """(what the function returned, None) or (None, what it raised)."""
    HERE.job = job
    fn = job.fn
    try:
        if job.terms.isolation == "process":
            from rushes.jobs.process import run_apart

            return run_apart(job), None
        if fn is None:
            return None, None
        return (fn(*job.args, **job.kwargs) if job.kwargs else fn(*job.args)), None
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the handles' to raise, not this thread's
        return None, _thinned(error)
    finally:
        HERE.job = None


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
