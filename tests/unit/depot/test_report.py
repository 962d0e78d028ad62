"""The ledger of a depot is of one moment, whatever is published while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.depot import Depot, report

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = np.zeros((4, 4), np.uint8)


class Busy:
    """A core beside which something is published each time its counters were read, so often."""

    def __init__(self, core: Any, publish: Callable[[], object], times: int) -> None:
        self._core, self._publish, self.times = core, publish, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def counters(self) -> tuple[int, ...]:
        counters: tuple[int, ...] = self._core.counters()
        if self.times:
            self.times -= 1
            self._publish()
        return counters


def test_the_head_is_that_of_the_counters_though_frames_come_in_between() -> None:
    with Depot.create(slots=4, shape=PICTURE.shape) as depot:
        depot.put(PICTURE)
        core: Any = Busy(depot._core, lambda: depot.put(PICTURE), 3)
        told = report.stats(depot.name, core, None, depot.slots)
        assert core.times == 0
        assert told.stored == told.head + 1 == 4
        assert told.adds_up


def test_a_writer_that_never_rests_holds_nobody_up() -> None:
    with Depot.create(slots=4, shape=PICTURE.shape) as depot:
        core: Any = Busy(depot._core, lambda: depot.put(PICTURE), 1000)
        assert report.stats(depot.name, core, None, depot.slots).adds_up
        assert core.times > 900
