"""The end of a station's processes, in an order in which nothing that was brought is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.station.messages import Stop

if TYPE_CHECKING:
    from rushes.station.runner import Runner
    from rushes.station.stage import Stage

__all__ = ["end_in_order"]

_SOURCE_END_S = 5.0
_DRAIN_S = 5.0
_WORKER_END_S = 5.0
_LATE_END_S = 5.0
_SHARED_END_S = 15.0
_PAGE_END_S = 2.0
_HUB_END_S = 8.0


def end_in_order(runner: Runner) -> list[Stage]:
    """The sources, then the readers once they have read all, then those who bring it further, and the hub last, as
    works end by way of it; who did not end in time.

    Who looks at the page has no say in how long this takes, and what has not begun is not waited for. A page that takes
    longer than it is given is killed and named nowhere: it has nothing of anybody's that could be lost.
    """
    supervisor, channels = runner.supervisor, list(runner.channels.values())
    page = [] if runner.page is None else [runner.page.stage]
    hub = [] if runner.host is None else [runner.host.stage]
    takers = [each.stage for each in runner.shared if each.stage not in (*page, *hub)]
    supervisor.begin_end()
    supervisor.drop_unbegun(each for each in runner.stages if each not in takers)
    _tell_end(page)
    for channel in channels:
        channel.stop_source()
    stuck = supervisor.see_out([channel.source for channel in channels], _SOURCE_END_S)
    _tell_end(takers)
    for channel in channels:
        channel.look(SYSTEM.monotonic_ns())
        channel.stop_takers()
    late = supervisor.see_out([each for channel in channels for each in channel.takers], _DRAIN_S)
    for channel in channels:
        channel.stop_workers()
    stuck += supervisor.see_out([each for channel in channels for each in channel.workers], _WORKER_END_S)
    # Who deals frames out to a function that hangs has waited for it long enough to be late: no fault of its own.
    stuck += supervisor.see_out(late, _LATE_END_S)
    # Told to end together with the readers; files take longer to end than they do.
    stuck += supervisor.see_out(takers, _SHARED_END_S)
    supervisor.see_out(page, _PAGE_END_S)
    _tell_end(hub)
    return stuck + supervisor.see_out(hub, _HUB_END_S)


def _tell_end(stages: list[Stage]) -> None:
    for stage in stages:
        if stage.child is not None:
            stage.child.tell(Stop())
