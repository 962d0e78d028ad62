"""A function called with the frames of a channel, seen from the parent: who deals them out, and the workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.station.messages import DealerTask, WorkerTask
from rushes.station.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.plan import Meeting, WorkPlan

__all__ = ["WorkLine"]


class WorkLine:
    """The stages of one [[work]]: a ``dealer``, and as many ``workers`` as are planned.

    ``depot`` has the frames, what is found goes into ``figures``; ``position`` says how far the dealer before has come.
    ``where`` they meet: on this machine unless there is a hub.
    """

    def __init__(
        self, plan: WorkPlan, depot: str, figures: str, where: Meeting, position: Callable[[str], int]
    ) -> None:
        self.plan = plan
        self.name = f"{plan.channel} {plan.name}"
        self._depot, self._figures, self._where, self._position = depot, figures, where, position
        self.dealer = Stage(self.name, self._dealer_task)
        self.workers = [
            Stage(f"{self.name} worker {number}", self._worker_task(number))
            for number in range(1, plan.workers + 1)
        ]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The dealer first."""
        return self.dealer, *self.workers

    def _dealer_task(self) -> DealerTask:
        return DealerTask(
            name=self.name,
            depot=self._depot,
            parent=os.getpid(),
            channel=self.plan.channel,
            endpoint=self._where.endpoint,
            keys=self._where.keys,
            track=self.plan.track,
            figures=self._figures,
            start=self._position(self.name),
            # Each has one in hand and the next one ready: what is more would only grow old.
            ahead=2 * self.plan.workers,
        )

    def _worker_task(self, number: int) -> Callable[[], WorkerTask]:
        return lambda: WorkerTask(
            name=f"{self.name} worker {number}",
            parent=os.getpid(),
            endpoint=self._where.endpoint,
            keys=self._where.keys,
            track=self.plan.track,
            call=self.plan.call,
            timeout_s=self.plan.timeout_s,
            tries=self.plan.retries + 1,
        )
