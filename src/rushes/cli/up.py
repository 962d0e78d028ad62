"""``rushes up``: the station, from its first line to its account."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rushes.cli.config import Sets  # noqa: TC001  read at run time, as the options of the verb
from rushes.cli.options import For, Json, Name, Sources, print_json
from rushes.cli.stream import Insecure, Keys  # noqa: TC001  the same
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rushes.station import Plan, Runner, RunReport, Status
    from rushes.station.config_set import Override
    from rushes.station.doors import Doors

__all__ = ["up"]

_REFRESH_S = 0.2
_EDGES = {"name": "edges", "channel": "card", "call": "rushes.station.edges:boxes", "workers": 2}
_HINT = "   [q] quit [s] snapshot [k] kill a process"

_File = Annotated[Path | None, Parameter(help='The configuration; write one with "rushes config init".')]
_Bind = Annotated[str | None, Parameter("--bind", help='HOST:PORT of the page and the API; "off" for none.')]
_Join = Annotated[
    str | None,
    Parameter(
        "--join",
        help="nats://HOST:PORT of a hub: its other stations' channels are seen here, and these there.",
    ),
]
_Data = Annotated[str | None, Parameter("--data", help='The folder to record into; "rushes-data" if absent.')]
_Disk = Annotated[
    str | None,
    Parameter("--disk", help="How much of it may be used, 2 GiB if absent; the oldest recordings go first."),
]
_Record = Annotated[bool | None, Parameter("--record", help="Record all channels.", show_default=False)]
_Stream = Annotated[
    str | None,
    Parameter(
        "--stream",
        help=(
            'Stream all channels, each as a track: over "tcp://HOST:PORT", "ipc://NAME", or a hub, '
            '"nats://HOST:PORT/STREAM".'
        ),
    ),
]


def up(
    file: _File = None,
    /,
    *,
    set_: Sets = None,
    source: Sources = None,
    name: Name = None,
    join: _Join = None,
    bind: _Bind = None,
    for_: For = None,
    record: _Record = None,
    data: _Data = None,
    disk: _Disk = None,
    stream: _Stream = None,
    keys: Keys = None,
    insecure: Insecure = False,
    json: Json = False,
) -> int:
    """Run the station of a configuration until Ctrl-C, or without one a built-in one: each source in a process of its
    own, one process that records them all, and one that serves the page and the API.

    Without a file or a source it shows an animated test card. Ctrl-C is the normal end. Prints the figures of each
    channel while it runs and the account of every frame at the end; in a terminal, q quits, s saves a snapshot of each
    channel, and k kills a process on purpose, to see it healed. SIGHUP has the file read again, and what changed in it
    restarted. Options go before what the file says. Files are played over and over. See what was recorded with "rushes
    archive" and "rushes shot".
    """
    from rushes.limits import parse_duration

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    for_hub = join is not None or any(each.startswith("hub.") for each in set_ or ())
    if stream is None and (insecure or (keys is not None and not for_hub)) and file is None:
        raise ConfigError("--keys and --insecure are for a stream: give --stream too", option="--stream")
    options = _overrides(
        {
            ("station", "name", "--name"): name,
            ("station", "data", "--data"): data if data is None else os.path.relpath(data, _base(file)),
            ("station", "keys", "--keys"): keys if keys is None else os.path.relpath(keys, _base(file)),
            ("web", "bind", "--bind"): bind,
            ("hub", "url", "--join"): join,
            ("archive", "max_bytes", "--disk"): disk,
        },
        {"record": record, "stream": stream},
    )

    def planned(running: str | None = None) -> Plan:
        return _plan(file, source or (), set_ or (), options, insecure=insecure, running=running)

    return _run(planned, duration_s, has_file=file is not None, json=json)


def _run(
    planned: Callable[[str | None], Plan], duration_s: float | None, *, has_file: bool, json: bool
) -> int:
    from rushes.cli.up_show import print_closing, print_opening
    from rushes.station import Runner

    plan = planned(None)
    wishes = _Wishes(has_file=has_file)
    with wishes.heard():
        if not json:
            print_opening(plan)
        with Runner(plan) as runner:
            report = _Watch(runner, wishes, duration_s, planned).run(quiet=json)
    if json:
        print_json(report.plain())
    else:
        print_closing(report)
    return 0 if report.ok else 1


def _base(file: Path | None) -> Path:
    """What paths in a configuration are relative to; those of options are to the folder one is in."""
    return Path.cwd() if file is None else file.absolute().parent


def _overrides(
    single: dict[tuple[str, str, str], str | None], each: dict[str, bool | str | None]
) -> list[Override]:
    from rushes.station.config_set import Override

    made = [
        Override(table, "", key, value, option)
        for (table, key, option), value in single.items()
        if value is not None
    ]
    made += [
        Override("channel", "*", key, value, f"--{key}") for key, value in each.items() if value is not None
    ]
    return made


def _plan(
    file: Path | None,
    sources: list[str] | tuple[()],
    sets: list[str] | tuple[()],
    options: list[Override],
    *,
    insecure: bool,
    running: str | None,
) -> Plan:
    from rushes.station.config import given, read
    from rushes.station.config_tables import CARD
    from rushes.station.plan import channels_from
    from rushes.station.planning import plan_of

    rows = channels_from(sources)
    if file is not None:
        reading = read(file, sets=sets, overrides=options, channels=rows)
        return plan_of(reading, insecure=insecure, running=running)
    where = "--source" if rows else "default"
    built_in = {"channel": [{"name": "card", "source": CARD}], "work": [_EDGES]}
    reading = given({"channel": rows} if rows else built_in, where=where, sets=sets, overrides=options)
    plan = plan_of(reading, insecure=insecure)
    # What the built-in station works on, it works on here: it shows itself whole with a hub that is away as well.
    return plan if plan.hub is None else replace(plan, hub=replace(plan.hub, url=None))


class _Wishes:
    """What signals ask for."""

    def __init__(self, *, has_file: bool) -> None:
        from rushes.lifecycle import StopToken

        self.stop = StopToken("the station")
        self.reload = False
        self._has_file = has_file
        self._terminals = [each for each in (0, 1, 2) if os.isatty(each)]

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Ctrl-C and the service manager's end set ``stop``; the second Ctrl-C does not wait for good order."""
        ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN and not self._has_file:
            ends.pop()  # nohup: meant to outlive its terminal
        former = {each: signal.signal(each, self._hear) for each in ends}
        try:
            yield
        finally:
            for each, handler in former.items():
                signal.signal(each, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._terminal_gone() and self._has_file:
            self.reload = True
        elif self.stop.stopped:
            raise KeyboardInterrupt
        else:
            self.stop.set()

    def _terminal_gone(self) -> bool:
        """A terminal that goes says so with the signal that asks for a reload; what was started in it ends with it.

        In good order: what is still to be written there goes nowhere, instead of ending everything.
        """
        from rushes.cli.keyboard import lost

        gone = [each for each in self._terminals if lost(each)]
        for each in gone:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, each)
            os.close(nowhere)
        return bool(gone)


class _Watch:
    """One run of ``runner``, with what a terminal and signals ask for meanwhile."""

    def __init__(
        self, runner: Runner, wishes: _Wishes, duration_s: float | None, planned: Callable[[str | None], Plan]
    ) -> None:
        from rushes.station.doors import Doors

        self._runner, self._wishes, self._stop = runner, wishes, wishes.stop
        self._duration_s, self._planned = duration_s, planned
        self._doors: Doors = Doors(lambda: runner)

    def run(self, *, quiet: bool) -> RunReport:
        from rushes.cli.keyboard import keyboard
        from rushes.cli.up_show import display

        runner, stop = self._runner, self._stop
        with ExitStack() as held:
            held.callback(self._doors.close)
            pressed = held.enter_context(keyboard(wanted=not quiet))
            with display(quiet=quiet, hint=_HINT if sys.stdin.isatty() else "") as show:
                runner.start(stop)
                self._watch(pressed, show)
            reason = "stopped" if stop.stopped else "sources ended" if runner.ended else "time is up"
            self._doors.close()
            return runner.finish(reason)

    def _watch(self, pressed: Callable[[], str], show: Callable[[Status], None]) -> None:
        runner, stop = self._runner, self._stop
        while not stop.stopped and not runner.failure and not runner.ended:
            left_s = _REFRESH_S if self._duration_s is None else self._duration_s - runner.running_s
            if left_s <= 0:
                break
            runner.step(min(_REFRESH_S, left_s), stop)
            if self._wishes.reload:
                self._wishes.reload = False
                self._follow_file()
            for key in pressed():
                self._key(key)
            show(runner.status())

    def _key(self, key: str) -> None:
        if key in "qQ":
            self._stop.set()
        elif key in "sS":
            for name in self._doors:
                self._snapshot(name)
        elif key in "kK":
            self._runner.kill_one()

    def _snapshot(self, name: str) -> None:
        say = self._runner.news.say
        saver = self._doors.shots

        def told(guid: str, state: str) -> None:
            if state == "success":
                say(f"snapshot of {name}: {saver.handle(guid).result().path}")
            elif state == "error":
                say(f"no snapshot of {name}: {saver.handle(guid).exception()}")

        saver.save(name, callback=told)

    def _follow_file(self) -> None:
        from rushes.station.reloading import follow

        say = self._runner.news.say
        try:
            say(f"configuration read again: {follow(self._runner, self._planned(self._runner.name))}")
        except ConfigError as error:
            say(f"configuration refused, all goes on as before: {error}")
