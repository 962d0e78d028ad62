"""A schedule whose clock and workers are moved by hand."""

from __future__ import annotations

from typing import Any

from rushes.jobs.gate import Limit
from rushes.jobs.job import PLAIN, Claim, Job, More, Priority, Terms
from rushes.jobs.schedule import Schedule


class ByHand:
    """Jobs are called by a name; what started is noted with its moment."""

    def __init__(self, **options: Any) -> None:
        self.schedule = Schedule(**options)
        self.started: list[tuple[float, str]] = []
        self.at_work: dict[str, Job] = {}
        self.now = 0.0

    def add(
        self,
        name: str,
        *limits: Limit,
        key: str | None = None,
        tier: int = Priority.NORMAL,
        score: float = 0.0,
        serial: str | None = None,
        timeout_s: float | None = None,
        deadline: float | None = None,
    ) -> Claim:
        plain = not limits and serial is None and timeout_s is None
        terms = PLAIN if plain else Terms(limits, serial, timeout_s)
        claim = Claim(None, tier, score, more=None if deadline is None else More(None, None, deadline))
        self.schedule.add(claim, int, (name,), None, key, terms, self.now)
        return claim

    def start(self) -> list[str]:
        """Starts all that may start now; their names in order."""
        names: list[str] = []
        while (job := self.schedule.next(self.now, "worker")) is not None:
            names.append(job.args[0])
            self.at_work[job.args[0]] = job
            self.started.append((self.now, job.args[0]))
        return names

    def finish(self, name: str) -> None:
        self.schedule.finish(self.at_work.pop(name), None, None, self.now)

    def pass_time(self, now: float) -> None:
        self.now = now
        self.schedule.expire(now)
