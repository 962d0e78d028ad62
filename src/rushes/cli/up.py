"""``rushes up``: the station, from its first line to its account."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rushes.cli.options import (
    ARCHIVE,
    Data,
    Disk,
    For,
    Json,
    Name,
    Record,
    Sources,
    console,
    print_json,
    table,
)
from rushes.cli.stream import Insecure, Keys  # noqa: TC001  read at run time, as the options of the verb
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rushes.lifecycle import StopToken
    from rushes.station import BuiltinStation, Plan, RunReport, Status

__all__ = ["up"]

_REFRESH_S = 0.2
_LINE_EVERY_S = 2.0  # where lines pile up instead of being replaced

Stream = Annotated[
    str | None,
    Parameter(
        "--stream", help='Stream all channels, each as a track: over "tcp://HOST:PORT" or "ipc://NAME".'
    ),
]


def up(
    *,
    source: Sources = None,
    name: Name = None,
    for_: For = None,
    record: Record = True,
    data: Data = ARCHIVE,
    disk: Disk = "2 GiB",
    stream: Stream = None,
    keys: Keys = None,
    insecure: Insecure = False,
    json: Json = False,
) -> int:
    """Run the station until Ctrl-C: each source in a process of its own, its depot, two readers of it, and one
    process that records them all. With --stream one more sends them to any number of receivers.

    Without a source it shows an animated test card. Ctrl-C is the normal end. Prints the figures of each
    channel while it runs and the account of every frame at the end. Files are played over and over. See what was
    recorded with "rushes archive" and "rushes shot".
    """
    from dataclasses import replace

    from rushes.lifecycle import StopToken
    from rushes.limits import parse_duration, parse_size
    from rushes.station import Plan, StreamPlan, channels_from

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    plan = Plan(channels=channels_from(source)) if source else Plan()
    if name is not None:
        plan = replace(plan, station=name)
    if record:
        plan = replace(plan, archive=data, archive_bytes=parse_size(disk, option="--disk"))
    if stream is not None:
        plan = replace(plan, stream=StreamPlan(stream, keys, insecure))
    elif keys is not None or insecure:
        raise ConfigError("--keys and --insecure are for a stream: give --stream too", option="--stream")
    stop = StopToken("the station")
    with _signals(stop):
        report = _run(plan, stop, duration_s, quiet=json)
    if json:
        print_json(report.plain())
    else:
        _print_closing(report)
    return 0 if report.ok else 1


def _run(plan: Plan, stop: StopToken, duration_s: float | None, *, quiet: bool) -> RunReport:
    from rushes.station import BuiltinStation

    if not quiet:
        _print_opening()
    with BuiltinStation(plan) as station:
        with _display(quiet=quiet) as show:
            station.start(stop)
            _watch(station, stop, duration_s, show)
        reason = "stopped" if stop.stopped else "sources ended" if station.ended else "time is up"
        return station.finish(reason)


def _watch(
    station: BuiltinStation, stop: StopToken, duration_s: float | None, show: Callable[[Status], None]
) -> None:
    while not stop.stopped and not station.failure and not station.ended:
        left_s = _REFRESH_S if duration_s is None else duration_s - station.running_s
        if left_s <= 0:
            break
        station.step(min(_REFRESH_S, left_s), stop)
        show(station.status())


@contextmanager
def _signals(stop: StopToken) -> Iterator[None]:
    """Ctrl-C and the service manager's end set ``stop``; the second Ctrl-C does not wait for good order."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.stopped:
            raise KeyboardInterrupt
        stop.set()

    ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        ends.pop()  # nohup: meant to outlive its terminal
    former = {each: signal.signal(each, handle) for each in ends}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


@contextmanager
def _display(*, quiet: bool) -> Iterator[Callable[[Status], None]]:
    from rushes.station.liveline import status_lines

    if quiet:
        yield lambda status: None
    elif sys.stdout.isatty():
        from rich.live import Live
        from rich.text import Text

        with Live(console=console(), auto_refresh=False) as live:

            def replace(status: Status) -> None:
                for each in status.news:
                    live.console.print(each)
                live.update(Text("\n".join(status_lines(status))), refresh=True)

            yield replace
    else:
        yield _lines(status_lines)


def _lines(text: Callable[[Status], list[str]]) -> Callable[[Status], None]:
    passed = [0.0]

    def add(status: Status) -> None:
        for each in status.news:
            print(each, flush=True)
        if status.running_s - passed[0] >= _LINE_EVERY_S:
            passed[0] = status.running_s
            print("\n".join(text(status)), flush=True)

    return add


def _print_opening() -> None:
    import rushes
    from rushes.depot.segment import folder
    from rushes.limits import available_shm_bytes
    from rushes.station.liveline import opening_line

    free = available_shm_bytes(folder())
    print(opening_line(str(rushes.__version__), rushes.native_status(), free), flush=True)


def _print_closing(report: RunReport) -> None:
    from rushes.metrics import ledger_table
    from rushes.station.liveline import closing_lines

    headings, *rows = ledger_table(report.edges)
    screen = console()
    screen.print(table(headings, rows))
    for line in closing_lines(report):
        screen.print(line, soft_wrap=True)
    for problem in report.problems:
        print(f"error: {problem}", file=sys.stderr)
