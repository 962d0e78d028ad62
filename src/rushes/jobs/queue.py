"""The job queue as its users hold it."""

from __future__ import annotations

import random
import time
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import ClosedError, ConfigError, JobError
from rushes.jobs import living
from rushes.jobs.delivery import channel_for
from rushes.jobs.ending import drain, stop
from rushes.jobs.handle import Handle
from rushes.jobs.job import ERROR, PLAIN, Bounds, Claim, More, Priority, Request
from rushes.jobs.options import Limits, check_positive, check_priority
from rushes.jobs.pool import Pool
from rushes.jobs.ready import Victims
from rushes.jobs.report import stats
from rushes.jobs.room import Room
from rushes.jobs.schedule import Schedule
from rushes.jobs.token import HERE
from rushes.jobs.view import Parts, refocus, set_focus, want
from rushes.jobs.work import hold

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
    from types import TracebackType

    from rushes.jobs.job import Terms
    from rushes.jobs.options import LimitKeys, Rate
    from rushes.jobs.records import Change, JobStats
    from rushes.jobs.retry import Retry

__all__ = ["JobQueue"]


class JobQueue:
    """Runs functions on threads in the order of their urgency, shares equal work, and can be told to forget.

    ``workers``: how many run at a time. ``max_waiting``: how much may wait, as the sum of the jobs' ``cost``;
    None for no bound. ``when_full``: "reject" (QueueFull), "drop_lowest" (the least urgent waiting job is
    cancelled, or the new one refused if it is that), "drop_oldest", or "block" (``submit`` waits; refused with
    QueueFull on worker and event-loop threads, which must not wait). ``limits``: key → how many jobs with
    ``limit=key`` may run. ``rates``: key → how many may start per second, or (per second, burst).
    ``max_spares``: how many threads may stand in for those whose function outlived its time-out.
    ``max_wait_s``: a job that waits longer rises by one priority, and again after as long, so that urgent work
    without end cannot starve it (PREFETCH stays what it is); None: order is kept as it was asked for.

    Any thread may call. Threads start with the first jobs and are daemons: they never hold up the interpreter's
    exit. ``stop`` is final; submit afterwards raises ClosedError.
    """

    def __init__(
        self,
        workers: int = 4,
        *,
        max_waiting: int | None = None,
        when_full: str = "reject",
        limits: Mapping[Any, int] | None = None,
        rates: Mapping[Any, Rate] | None = None,
        max_spares: int = 8,
        max_wait_s: float | None = None,
        name: str = "jobs",
    ) -> None:
        if workers < 1 or max_spares < 0:
            raise ConfigError(f"workers is {workers}, max_spares {max_spares}; give at least 1 and 0")
        check_positive("max_wait_s", max_wait_s)
        self.name = name
        self._limits = Limits(limits or {}, rates or {})
        self._room = Room(max_waiting, when_full)
        victims = Victims(oldest=when_full == "drop_oldest") if when_full.startswith("drop") else None
        schedule = Schedule(prefetch_most=max(1, workers // 2), victims=victims, max_wait_s=max_wait_s)
        self._schedule = schedule
        self._pool = Pool(name, schedule, workers, max_spares, random.random)
        living.remember(self._pool)

    def submit(
        self,
        fn: Callable[..., Any],
        *args: Any,
        key: Hashable | None = None,
        group: Hashable | None = None,
        priority: Priority = Priority.NORMAL,
        score: float = 0.0,
        bounds: Bounds | None = None,
        timeout_s: float | None = None,
        deadline_s: float | None = None,
        retry: Retry | None = None,
        limit: LimitKeys | None = None,
        serial: Hashable | None = None,
        cost: int = 1,
        callback: Callable[[Handle], object] | None = None,
        on_state: Callable[[Handle, str], object] | None = None,
        deliver: Any = None,
        isolation: str = "thread",
        **kwargs: Any,
    ) -> Handle:
        """Has ``fn(*args, **kwargs)`` run, and answers with a claim on its result.

        ``key``: names everything that changes the result; a living job of that key is shared instead.
        ``group``: what ``want``, ``cancel`` and ``set_focus`` go by. Order is by ``priority``, then ``score``
        (smaller first), then first come. ``timeout_s``: of each attempt, from its start; when it is over the
        handle ends "timed_out", the function is told by its token, and its thread is given up. ``deadline_s``:
        from now to the end, waiting included. ``limit``: a key of the queue's limits or rates, or a list or set of
        them. ``serial``: jobs of one serial run one at a time in the order of submission. ``callback(handle)``
        is called once at the end, ``on_state(handle, state)`` at each change, both where ``deliver`` says: an
        event loop, a Qt object, an Executor, a function that takes a call, or None for a thread of the queue.
        ``isolation="process"`` runs it in a process of its own, which a time-out or a cancel kills; function,
        arguments and result must then be picklable.

        Raises QueueFull as ``when_full`` says, ClosedError after ``stop``, ConfigError for a wrong option.
        """
        if priority.__class__ is not Priority:
            priority = check_priority(priority)
        pool = self._pool
        terms, more = PLAIN, None
        if (
            limit is not None
            or timeout_s is not None
            or serial is not None
            or retry is not None
            or cost != 1
            or isolation != "thread"
        ):
            terms = self._limits.terms(limit, serial, timeout_s, retry, isolation, cost)
        if on_state is not None or deliver is not None or deadline_s is not None:
            until = None if deadline_s is None else time.monotonic() + deadline_s
            more = More(on_state, channel_for(deliver, pool.boxes.box), until)
        claim = Handle(pool, priority, score, group, bounds, callback, more)
        self._submit(claim, fn, args, kwargs or None, key, terms)
        return claim

    def _submit(
        self,
        claim: Claim,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        key: Hashable | None,
        terms: Terms,
    ) -> None:
        pool, schedule, room = self._pool, self._schedule, self._room
        lock = pool.lock
        while True:
            if not lock.acquire(False):
                hold(lock)
            try:
                if pool.closed:
                    raise ClosedError(f"queue {self.name!r} was stopped", name=self.name)
                if claim.bounds is not None and schedule.focus:
                    refocus(schedule, claim)
                now = monotonic()
                wait = None
                if room.most is not None and (key is None or key not in schedule.by_key):
                    wait = room.make(pool, claim, terms, now)
                if wait is None:
                    schedule.add(claim, fn, args, kwargs, key, terms, now)
                    if terms.limits and pool.saturated:
                        self._break_circuit(claim, terms, now)
                # The short way of the usual case: one plain job more, and somebody idle to be woken for it.
                quick = terms is PLAIN and wait is None and claim.tier < 4 and pool.hail()
                effects = None if quick else pool.effects()
            finally:
                lock.release()
            if quick:
                pool.tokens.put(None)
            if effects is not None:
                pool.settle(effects)
            if wait is None:
                return
            room.wait(pool, claim, wait)

    def _break_circuit(self, claim: Claim, terms: Terms, now: float) -> None:
        """With no spare thread left, whoever asks for a limit that hung functions hold is told at once."""
        guilty = next((limit for limit in terms.limits if limit.lost >= limit.most), None)
        if guilty is not None:
            error = JobError(
                f"limit {guilty.key!r} is held by {guilty.lost} functions that outlived their time, and queue "
                f"{self.name!r} has no spare thread left",
                key=claim.job.key,
            )
            self._schedule.leave(claim, ERROR, error, now)

    def want(
        self,
        group: Hashable,
        requests: Iterable[Request],
        *,
        focus: tuple[float, float] | None = None,
    ) -> Change:
        """Makes ``requests`` all that ``group`` waits for, in one step: what a viewport calls when it moves.

        A request that is waited for already stays where it is, running or not; its priority, score
        and callback become those given now. New ones are added, and the rest of the group is cancelled.
        ``focus`` is (x, y): requests with bounds are then ordered by how near their middle is.

        Raises QueueFull, and changes nothing, when a bounded queue that may not drop has no room for the new.
        """
        return want(Parts(self._pool, self._limits, self._room), group, requests, focus)

    def cancel(
        self,
        *,
        key: Hashable | None = None,
        group: Hashable | None = None,
        where: Callable[[Handle], bool] | None = None,
        keep: Collection[Hashable] = (),
    ) -> int:
        """Cancels every handle that all of ``key``, ``group`` and ``where`` name; how many there were.

        Handles whose key is in ``keep`` are spared. What it cancels in the queue never runs. ConfigError when
        nothing is named: to cancel everything, give ``where=lambda handle: True``.
        """
        if key is None and group is None and where is None:
            raise ConfigError("cancel() needs key=, group= or where= to know whom to cancel")
        pool = self._pool
        with pool.lock:
            found = self._schedule.find(key, group)
        if keep:
            spared = set(keep)
            found = [claim for claim in found if claim.job.key not in spared]
        if where is not None:
            found = [claim for claim in found if where(claim)]  # type: ignore[arg-type]
        with pool.lock:
            count = self._schedule.leave_all(found, "on request", time.monotonic())
            effects = pool.effects()
        pool.settle(effects)
        return count

    def set_priority(self, key: Hashable, priority: Priority) -> None:
        """Gives every handle of ``key`` this priority. A job that runs, or an unknown key, is left alone."""
        tier = check_priority(priority)
        pool = self._pool
        with pool.lock:
            job = self._schedule.by_key.get(key)
            if job is not None:
                for claim in job:
                    claim.tier = tier
                self._schedule.rekey(job, time.monotonic())
            effects = pool.effects()
        pool.settle(effects)

    def set_focus(self, group: Hashable, x: float, y: float) -> None:
        """Orders a group's requests, those to come included, by how near the middle of their bounds is."""
        set_focus(self._pool, group, (x, y))

    def resize(self, workers: int) -> None:
        """Has ``workers`` run at a time from now on; one too many ends when its function has come back."""
        if workers < 1:
            raise ConfigError(f"workers is {workers}; give at least 1", option="workers")
        self._pool.resize(workers)

    def stats(self) -> JobStats:
        """The ledger of this moment."""
        return stats(self._pool, self._room)

    def drain(self, timeout_s: float | None = None) -> bool:
        """Waits until every handle has ended and was told; False when ``timeout_s`` seconds passed before.

        What is told through ``deliver`` is on its way by then. ConfigError on a thread of the queue itself.
        """
        if HERE.queue is self._pool:
            raise ConfigError("drain() was called by a job of the queue itself, which would wait for itself")
        return drain(self._pool, None if timeout_s is None else time.monotonic() + timeout_s)

    def stop(self, drain: bool = False, timeout_s: float = 5.0) -> None:
        """Ends the queue within ``timeout_s`` seconds, whatever its functions do; further calls do nothing.

        With ``drain`` it first lets all that waits run. Then what still waits is cancelled, running functions
        are told, and given the rest of the time to come back; handles of those that do not end "cancelled".
        Their threads are left behind as daemons.
        """
        stop(self._pool, first=drain, timeout_s=timeout_s)

    def __enter__(self) -> Self:
        if self._pool.closed:
            raise ClosedError(f"queue {self.name!r} was stopped", name=self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.stop)
