"""A running station made to follow another plan: what is the same in both goes on undisturbed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.station.archiver import Archiver
from rushes.station.messages import Stop
from rushes.station.outlet import Outlet, unused_name
from rushes.station.page import Page
from rushes.station.trial import check_call

if TYPE_CHECKING:
    from rushes.station.channel import Channel
    from rushes.station.plan import ChannelPlan, Plan
    from rushes.station.runner import Runner
    from rushes.station.stage import Stage

__all__ = ["follow"]

_SOURCE_END_S = 3.0
_DRAIN_S = 4.0
_SHARED_END_S = 15.0
_FIXED = ("station", "data")


def follow(runner: Runner, plan: Plan) -> str:
    """Has ``runner`` run ``plan`` instead of its own; what changed, in one line.

    ConfigError, and nothing has changed, for what cannot be changed while it runs, and for addresses and functions that
    cannot be had: a slip in a file is not to end what runs.
    """
    known = {each.call for each in runner.plan.works}
    for each in plan.works:
        if each.call not in known:
            check_call(each.call, each.name)
    return _Change(runner, plan).apply()


class _Change:
    """One change, on its way."""

    def __init__(self, runner: Runner, plan: Plan) -> None:
        self._runner, self._old, self._new = runner, runner.plan, plan
        old = {each.name: _ways(self._old, each) for each in self._old.channels}
        new = {each.name: _ways(plan, each) for each in plan.channels}
        self._gone = [name for name in old if name not in new]
        self._added = [name for name in new if name not in old]
        self._changed = [name for name in new if name in old and old[name] != new[name]]
        self._told = [f"{what} {name}" for what, names in self._by_kind() for name in names]

    def _by_kind(self) -> tuple[tuple[str, list[str]], ...]:
        return ("removed", self._gone), ("added", self._added), ("changed", self._changed)

    def apply(self) -> str:
        for name in _FIXED:
            if getattr(self._old, name) != getattr(self._new, name):
                raise ConfigError(
                    f"{name} cannot be changed while the station runs: end it and start it again"
                )
        if _hosted(self._old) != _hosted(self._new):
            raise ConfigError("hub.bind cannot be changed while the station runs: end it and start it again")
        page, outlets = self._page(), self._outlets()
        runner = self._runner
        ending = [runner.channels[name] for name in (*self._gone, *self._changed)]
        again = self._to_restart(outlets)
        self._end(ending, again)
        for channel in ending:
            for stage in channel.stages:
                runner.supervisor.remove(stage)
            del runner.channels[channel.name]
            channel.close()
        runner.plan = self._new
        fresh = self._put_shared(outlets)
        self._put_channels()
        self._put_page(page)
        for stage in fresh:  # now that all channels are known, which it is told
            runner.supervisor.add(stage)
        for stage in again:
            if stage in runner.stages:
                runner.supervisor.revive(stage)
        for taker in self._takers():
            taker.tell_channels()
        return ", ".join(self._told) or "nothing changed"

    def _takers(self) -> list[Archiver | Outlet]:
        return [each for each in self._runner.shared if isinstance(each, Archiver | Outlet)]

    # -- what is needed, found before anything is ended

    def _page(self) -> Page | None:
        """The new page with its address; None when it stays as it is, or there is to be none."""
        runner, plan = self._runner, self._new.web
        if plan is None or plan == self._old.web:
            return None
        page = Page(plan, runner.name, self._new.data, runner.news.say)
        page.claim()
        return page

    def _outlets(self) -> list[Outlet]:
        """Those of the new plan: the old ones where they go on, if with other channels."""
        made: list[Outlet] = []
        runner = self._runner
        # By their addresses and not by their turn: the first that goes must not take that of the second.
        known = {each.plan.endpoint: each for each in runner.outlets}
        names = {each.stage.name for each in runner.outlets}
        for plan in self._new.streams:
            old = known.get(plan.endpoint)
            if old is not None and replace(old.plan, channels=plan.channels) == plan:
                made.append(old)
                continue
            name = unused_name(names) if old is None else old.stage.name
            names.add(name)
            outlet = Outlet(plan, runner.name, runner.channels, runner.news.say, name)
            if old is None:
                outlet.claim()
            else:
                outlet.address = old.address
            made.append(outlet)
        return made

    def _to_restart(self, outlets: list[Outlet]) -> list[Stage]:
        """Stages that are to do otherwise what they do, not only for other channels."""
        runner = self._runner
        stages = [each.stage for each in runner.outlets if each not in outlets]
        if runner.archiver is not None and self._old.archive != self._new.archive:
            stages.append(runner.archiver.stage)
        return stages

    # -- the change

    def _end(self, channels: list[Channel], shared: list[Stage]) -> None:
        """The sources first, so that what they brought is still read by all who read it."""
        supervisor = self._runner.supervisor
        for channel in channels:
            channel.stop_source()
        supervisor.see_out([channel.source for channel in channels], _SOURCE_END_S)
        for stage in shared:
            if stage.child is not None:
                stage.child.tell(Stop())
        names = [channel.name for channel in channels]
        for taker in self._takers():
            if taker.stage not in shared:
                taker.tell_channels(without=names)
        for channel in channels:
            channel.stop_takers()
        supervisor.see_out([each for channel in channels for each in channel.takers], _DRAIN_S)
        for channel in channels:
            channel.stop_workers()
        supervisor.see_out([each for channel in channels for each in channel.workers], _DRAIN_S)
        for stage in supervisor.see_out(shared, _SHARED_END_S):
            supervisor.kill(stage)
        for taker in self._takers():
            if taker.stage in shared:
                taker.died()  # in good order; the next process goes on where this one stopped
            elif taker.stage.child is not None:
                supervisor.hear_until(taker.stage, lambda: all(each.let_go for each in channels), _DRAIN_S)

    def _put_shared(self, outlets: list[Outlet]) -> list[Stage]:
        """Who records and streams from now on; the stages that are new."""
        runner, archive = self._runner, self._new.archive
        fresh = []
        if runner.archiver is not None and archive is None:
            runner.supervisor.remove(runner.archiver.stage)
            runner.archiver = None
        elif runner.archiver is not None and archive is not None:
            runner.archiver.plan = archive
        elif archive is not None:
            runner.archiver = Archiver(archive, runner.channels)
            fresh.append(runner.archiver.stage)
        for old in runner.outlets:
            if old not in outlets:
                runner.supervisor.remove(old.stage)
        fresh += [each.stage for each in outlets if each not in runner.outlets]
        runner.outlets = outlets
        for outlet, plan in zip(outlets, self._new.streams, strict=True):
            outlet.plan = plan
        for name in ("archive", "streams"):
            if getattr(self._old, name) != getattr(self._new, name):
                self._told.append(f"changed {name}")
        return fresh

    def _put_channels(self) -> None:
        runner = self._runner
        for plan in self._new.channels:
            if plan.name not in runner.channels:
                channel = runner.channels[plan.name] = runner.make_channel(plan)
                for stage in channel.stages:
                    runner.supervisor.add(stage)

    def _put_page(self, page: Page | None) -> None:
        runner = self._runner
        if self._new.web == self._old.web:
            return
        self._told.append("changed page")
        if runner.page is not None:
            if runner.page.stage.child is not None:
                runner.page.stage.child.tell(Stop())
            runner.supervisor.see_out([runner.page.stage], _SOURCE_END_S)
            runner.supervisor.remove(runner.page.stage)
        runner.page = page
        if page is not None:
            runner.supervisor.add(page.stage)


def _hosted(plan: Plan) -> tuple[str | None, ...]:
    """All that a hub of its own is told."""
    bind = None if plan.hub is None else plan.hub.bind
    return bind, None if bind is None else plan.keys


def _ways(plan: Plan, channel: ChannelPlan) -> tuple[Any, ...]:
    """All that a channel's processes are told."""
    return channel, _stream(plan, channel.name), plan.works_of(channel.name)


def _stream(plan: Plan, channel: str) -> str | None:
    """Which of the streams takes it, by its address."""
    return next((each.endpoint for each in plan.streams if each.takes(channel)), None)
