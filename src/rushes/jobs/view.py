"""What a moving viewport asks of a queue: keep what is still wanted, drop the rest, nearest first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.errors import ClosedError, ConfigError, QueueFull
from rushes.jobs.handle import Handle
from rushes.jobs.job import IN_QUEUE, PLAIN, READY, distance
from rushes.jobs.options import check_priority
from rushes.jobs.records import Change

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from rushes.jobs.job import Claim, Entry, Job, Request, Terms
    from rushes.jobs.options import Limits
    from rushes.jobs.pool import Pool
    from rushes.jobs.room import Room
    from rushes.jobs.schedule import Schedule

__all__ = ["Parts", "refocus", "set_focus", "want"]

Wish = tuple["Request", int, "Terms"]
Point = tuple[float, float]


class Parts(NamedTuple):
    """What of a queue is needed here."""

    pool: Pool
    limits: Limits
    room: Room


def refocus(schedule: Schedule, claim: Claim) -> None:
    """Scores a new claim by its group's focus, if that has one."""
    focus = schedule.focus.get(claim.group)
    if focus is not None:
        claim.score = distance(claim.bounds, focus)


def want(parts: Parts, group: Hashable, requests: Iterable[Request], focus: Point | None) -> Change:
    """As ``JobQueue.want`` says."""
    pool, schedule = parts.pool, parts.pool.schedule
    if group is None:
        raise ConfigError("want() needs a group: it is what tells the wanted from the rest")
    wishes = _wishes(parts, requests)
    with pool.lock:
        if pool.closed:
            raise ClosedError(f"queue {parts.pool.name!r} was stopped", name=parts.pool.name)
        if focus is None:
            focus = schedule.focus.get(group)
        now = time.monotonic()
        there: dict[Hashable, Claim] = {}
        rest: list[Claim] = []
        for claim in schedule.groups.get(group, ()):
            key = claim.job.key
            if key in wishes and key not in there:
                there[key] = claim
            else:
                rest.append(claim)
        _check_room(parts, wishes, there, rest)
        for key, claim in there.items():
            _renew(schedule, claim, wishes[key][0], focus, now)
        gone = schedule.leave_all(rest, "no longer wanted", now)
        for key, wish in wishes.items():
            if key not in there:
                _add(parts, group, wish, focus, now)
        if focus is not None and group in schedule.groups:
            schedule.focus[group] = focus
        effects = pool.effects()
    pool.settle(effects)
    return Change(len(there), len(wishes) - len(there), gone)


def _wishes(parts: Parts, requests: Iterable[Request]) -> dict[Hashable, Wish]:
    """By key, the last of equal ones; all checked before anything is changed."""
    wishes: dict[Hashable, Wish] = {}
    for request in requests:
        if request.key is None:
            raise ConfigError("a wanted Request needs a key, or the next want() could not know it again")
        terms = PLAIN
        if request.limit is not None or request.timeout_s is not None or request.cost != 1:
            terms = parts.limits.terms(request.limit, None, request.timeout_s, None, "thread", request.cost)
        wishes[request.key] = (request, check_priority(request.priority), terms)
    return wishes


def _check_room(
    parts: Parts, wishes: dict[Hashable, Wish], there: dict[Hashable, Claim], rest: list[Claim]
) -> None:
    """Raises QueueFull before anything is changed. Policies that drop make room as the new ones come."""
    room, schedule = parts.room, parts.pool.schedule
    if room.most is None or room.when_full.startswith("drop"):
        return
    new = [wish for key, wish in wishes.items() if key not in there and key not in schedule.by_key]
    leaving = {claim.job for claim in rest if claim.job.state == IN_QUEUE and len(claim.job) == 1}
    cost = sum(terms.cost for _, _, terms in new) - sum(job.terms.cost for job in leaving)
    if new and room.lacks(parts.pool, cost) > 0:
        raise room.full(" and has no room for all that is wanted")


def _renew(schedule: Schedule, claim: Claim, request: Request, focus: Point | None, now: float) -> None:
    claim.callback = request.callback
    claim.tier = check_priority(request.priority)
    claim.bounds = request.bounds
    claim.score = _score(request, focus)
    if claim.job.state == IN_QUEUE:
        schedule.rekey(claim.job, now)


def _add(parts: Parts, group: Hashable, wish: Wish, focus: Point | None, now: float) -> None:
    request, tier, terms = wish
    claim = Handle(parts.pool, tier, _score(request, focus), group, request.bounds, request.callback)
    schedule, refused = parts.pool.schedule, None
    if parts.room.most is not None and request.key not in schedule.by_key:
        try:
            parts.room.make(parts.pool, claim, terms, now)
        except QueueFull as error:
            refused = str(error)
    schedule.add(claim, request.fn, request.args, dict(request.kwargs) or None, request.key, terms, now)
    if refused is not None:
        # The rest of the view is being changed already: this one is told, like any other that is dropped.
        schedule.leave_all([claim], refused, now)


def _score(request: Request, focus: Point | None) -> float:
    if focus is None or request.bounds is None:
        return request.score
    return distance(request.bounds, focus)


def set_focus(pool: Pool, group: Hashable, focus: Point) -> None:
    """Scores a group anew. All arithmetic is done outside the lock; inside, entries are exchanged."""
    schedule = pool.schedule
    with pool.lock:
        members = list(schedule.groups.get(group, ()))
        if members:
            schedule.focus[group] = focus
    scored = [(claim, distance(claim.bounds, focus)) for claim in members if claim.bounds is not None]
    moves: list[tuple[Claim, float, Job, Entry | None, Any]] = []
    for claim, score in scored:
        job = claim.job
        old = job.entry
        fresh = None if old is None else (claim.tier, score, old[2], job)
        moves.append((claim, score, job, old, fresh))
    with pool.lock:
        now = time.monotonic()
        entries: list[Entry] = []
        for claim, score, job, old, fresh in moves:
            claim.score = score
            if job.place == READY and job.entry is old and job.others is None and not job.terms.limits:
                job.entry = fresh
                entries.append(fresh)
            elif job.state == IN_QUEUE:
                schedule.rekey(job, now)
        if entries:
            schedule.ready.rebuild(entries)
            if schedule.victims is not None:
                for entry in entries:
                    schedule.victims.push(entry)
        effects = pool.effects()
    pool.settle(effects)
