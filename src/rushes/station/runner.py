"""The processes of a station, from their start to their account: each source in one of its own, one that records all
channels, one for each address they are streamed at, one that serves the page, and one that runs a hub.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import MissingExtra
from rushes.lifecycle import Closeable
from rushes.station.accounts import Accounts
from rushes.station.archiver import Archiver
from rushes.station.boarding import Boarding
from rushes.station.channel import Channel
from rushes.station.ending import end_in_order
from rushes.station.host import Host
from rushes.station.messages import Told, Trouble
from rushes.station.news import NewsDesk
from rushes.station.outlet import Outlet, unused_name
from rushes.station.page import Page, missing
from rushes.station.processes import Backoff, Supervisor

if TYPE_CHECKING:
    from rushes.lifecycle import StopToken
    from rushes.station.messages import Word
    from rushes.station.plan import ChannelPlan, Plan
    from rushes.station.report import RunReport, Status
    from rushes.station.stage import Stage

__all__ = ["Runner"]

_READY_S = 15.0
_VICTIMS = ("work", "source")


class Runner(Closeable):
    """Runs a plan: ``start``, then ``step`` and ``status`` until enough, then ``finish``; ``close`` in any
    case.

    All from one thread, which must live as long as the station.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.name = plan.station
        self.news = NewsDesk()
        self.channels: dict[str, Channel] = {}
        self.archiver = None if plan.archive is None else Archiver(plan.archive, self.channels)
        self.outlets: list[Outlet] = []
        for stream in plan.streams:
            name = unused_name([each.stage.name for each in self.outlets])
            self.outlets.append(Outlet(stream, plan.station, self.channels, self.news.say, name))
        self.page = None if plan.web is None else Page(plan.web, plan.station, plan.data, self.news.say)
        bind = None if plan.hub is None else plan.hub.bind
        self.host = None if bind is None else Host(bind, plan.keys, plan.data, len(plan.works), self.news.say)
        for each in plan.channels:
            self.channels[each.name] = self.make_channel(each)
        self.supervisor = Supervisor([], on_word=self._on_word, on_death=self._on_death, steadfast=True)
        self._accounts = Accounts(self)
        self._boarding: Boarding | None = None
        self._start_ns = 0
        self._victim = 0

    # -- what there is

    @property
    def shared(self) -> list[Archiver | Outlet | Page | Host]:
        """Whoever serves several channels, the hub first: others join it."""
        return [each for each in (self.host, self.archiver, *self.outlets, self.page) if each is not None]

    @property
    def stages(self) -> list[Stage]:
        """All lines of work."""
        return self.supervisor.stages

    @property
    def failure(self) -> str:
        """Which stage was given up, and why; empty while none was."""
        given_up = (
            f"{each.name}: {each.failure}"
            for each in self.stages
            # Where somebody else records already, running without is better than not running.
            if each.failure and not each.elsewhere
        )
        no_room = (f"{each.name}: {each.failure}" for each in self.channels.values() if each.failure)
        return next(iter((*given_up, *no_room)), "")

    @property
    def ended(self) -> bool:
        """Whether every source has come to its end."""
        return all(channel.ended for channel in self.channels.values())

    @property
    def pids(self) -> dict[str, int]:
        """The processes running now, by stage."""
        return {each.name: each.pid for each in self.stages if each.pid is not None}

    @property
    def running_s(self) -> float:
        """Seconds since the first channel began; 0 before."""
        return (SYSTEM.monotonic_ns() - self._start_ns) / 1e9 if self._start_ns else 0.0

    @property
    def ram_bytes(self) -> int:
        """The memory of all its processes, as of some seconds ago."""
        return self._accounts.ram_bytes

    @property
    def recorded_bytes(self) -> int | None:
        """How much this run has recorded so far; None when it does not."""
        return None if self.archiver is None else self.archiver.bytes

    def kind_of(self, stage: Stage) -> tuple[str, str]:
        """What it does, as on the board, and for which channel."""
        for channel in self.channels.values():
            if stage in channel.stages:
                works = "dealer" if stage in channel.takers else "work"
                return ("source" if stage is channel.source else works), channel.name
        kinds = {Archiver: "recorder", Outlet: "streamer", Page: "web", Host: "hub"}
        return next((kinds[type(each)] for each in self.shared if each.stage is stage), "work"), ""

    # -- running

    def start(self, stop: StopToken) -> None:
        """Starts the processes; back once every channel has given its first frame, or when 15 s have passed.

        A camera that is not there by then begins when it comes. ConfigError for an address that cannot be had, and
        when a station of that name runs here.
        """
        self._check_open()
        for note in self.plan.notes:
            self.news.say(note)
        self._claim()
        self._boarding = Boarding(self)
        for shared in self.shared:
            self.supervisor.add(shared.stage)
        for channel in self.channels.values():
            for stage in (channel.source, *channel.takers):
                self.supervisor.add(stage)
        behind = list(self.channels.values())
        until_ns = SYSTEM.monotonic_ns() + int(_READY_S * 1e9)
        while behind and SYSTEM.monotonic_ns() < until_ns and not stop.stopped and not self.failure:
            self.supervisor.step(0.1)
            self._advance()
            behind = self._add_workers(behind)
        self._add_workers(behind, at_once=True)
        self._start_ns = SYSTEM.monotonic_ns()
        depots = [each.depot_name for each in self.channels.values() if each.depot is not None]
        if depots and not self.outlets:
            self.news.say(f"other programs on this machine see it too: rushes recv shm://{depots[0]}")

    def _add_workers(self, channels: list[Channel], *, at_once: bool = False) -> list[Channel]:
        """Starts the workers of those that need not be waited for any more; the others.

        They have nothing to do before the first frame, and where cores are few their start would hold it up.
        """
        behind = [] if at_once else [each for each in channels if each.awaited]
        for channel in channels:
            for stage in channel.workers if channel not in behind else ():
                self.supervisor.add(stage)
        return behind

    def step(self, timeout_s: float, stop: StopToken) -> None:
        """Serves the processes for about ``timeout_s`` seconds, or until told to stop."""
        until_ns = SYSTEM.monotonic_ns() + int(timeout_s * 1e9)
        while (left_ns := until_ns - SYSTEM.monotonic_ns()) > 0 and not stop.stopped:
            self.supervisor.step(left_ns / 1e9)
            self._advance()

    def status(self) -> Status:
        """The figures of now, and what happened since they were last asked for."""
        return self._accounts.status()

    def kill_one(self) -> str:
        """Kills a process on purpose, the next one at each call, and says which.

        A worker, else a source. Empty when there is none to kill.
        """
        running = [each for each in self.stages if each.pid is not None]
        of_kind = {kind: [each for each in running if self.kind_of(each)[0] == kind] for kind in _VICTIMS}
        chosen = next((each for each in of_kind.values() if each), [])
        if not chosen:
            return ""
        stage = chosen[self._victim % len(chosen)]
        self._victim += 1
        if stage.pid is not None:
            os.kill(stage.pid, signal.SIGKILL)
        self.news.say(f"{stage.name} (process {stage.pid}) killed on purpose")
        return stage.name

    def finish(self, reason: str) -> RunReport:
        """Ends in order: the sources, then the readers once they have read all, then the depots.

        Returns the account of the run. A stage that does not end within seconds is killed and named in it.
        """
        duration_s, failure = self.running_s, self.failure
        self._accounts.weigh()
        stuck = end_in_order(self)
        problems = [failure] if failure else []
        problems += [f"{stage.name} did not end when told to" for stage in stuck]
        report = self._accounts.report("failed" if failure else reason, duration_s, problems)
        self.close()
        return report

    def _close(self) -> None:
        self.supervisor.close()
        if self._boarding is not None:
            self._boarding.close()
        for channel in self.channels.values():
            channel.close()

    # -- parts

    def make_channel(self, plan: ChannelPlan) -> Channel:
        """A channel of this station, not yet begun."""
        archiver = self.archiver if plan.record else None
        outlet = next((each for each in self.outlets if each.plan.takes(plan.name)), None)
        return Channel(
            plan,
            self.plan.depot(plan),
            self.news.say,
            None if archiver is None else archiver.stage,
            None if outlet is None else outlet.stage,
            self._room,
            self.plan.works_of(plan.name),
        )

    def _room(self) -> int | None:
        """Memory that depots may still take."""
        taken = sum(each.slots * each.frame_bytes for each in self.channels.values())
        return None if self.plan.memory_bytes is None else max(0, self.plan.memory_bytes - taken)

    def _claim(self) -> None:
        for outlet in self.outlets:
            outlet.claim()
        if self.host is not None:
            self.host.claim()
        if self.page is None:
            return
        lacking = missing()
        if lacking:
            self.news.say(f'no page: {lacking} is not installed; it comes with pip install "rushes[web]"')
            self.page = None
        else:
            self.page.claim()

    # -- what happens

    def _advance(self) -> None:
        now_ns = SYSTEM.monotonic_ns()
        for channel in self.channels.values():
            channel.advance(now_ns)
            channel.look(now_ns)
        if self._boarding is not None:
            self._boarding.step()

    def _on_word(self, stage: Stage, word: Word) -> None:
        if stage.died_ns:
            after_s = (SYSTEM.monotonic_ns() - stage.died_ns) / 1e9
            stage.died_ns = 0
            self.news.say(f"{stage.name} is back after {after_s:.1f} s")
        if isinstance(word, Trouble) and word.text:
            more = f" (and {word.more} more like it)" if word.more else ""
            self.news.say(f"{stage.name}: {word.text}{more}")
        if isinstance(word, Told):
            self.news.say(word.text, kept=False)
        for shared in self.shared:
            if stage is shared.stage:
                shared.hear(word)
                return
        for channel in self.channels.values():
            if stage in channel.stages:
                channel.hear(stage, word)

    def _on_death(self, stage: Stage, cause: str) -> None:
        for channel in self.channels.values():
            if stage in channel.stages:
                channel.died(stage)
        for shared in self.shared:
            if stage is shared.stage:
                shared.died()
        if self.page is not None and stage is self.page.stage and stage.wrong:
            if self.page.another():
                self.supervisor.revive(stage)
                return
            if cause.startswith(MissingExtra.__name__):  # a module that only its process finds missing
                stage.elsewhere = True
                self.news.say(f"no page: {cause}")
                return
        again = f"; it keeps dying, and is tried again in {Backoff.AGAIN_S:g} s" if stage.failing else ""
        self.news.say(f"not recorded: {cause}" if stage.elsewhere else f"{stage.name} ended: {cause}{again}")
