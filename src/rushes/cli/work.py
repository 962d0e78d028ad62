"""``rushes work``: a function of yours, called on the frames of one track; on as many machines as you like."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli.options import For, Json, console, print_json, table
from rushes.cli.stream import Insecure, Keys, say
from rushes.errors import ClosedError, ConfigError

if TYPE_CHECKING:
    from rushes.cli.stream_run import Asked, Rates
    from rushes.metrics import EdgeStats
    from rushes.stream.work.worker import Worker

__all__ = ["work"]

_AGAIN, _SKIPPED, _ERROR = "again", "skipped", "error"
_DRAIN_S = 10.0

Call = Annotated[
    str | None, Parameter("--call", help="The function to call on each frame: package.module:function.")
]
Status = Annotated[
    bool,
    Parameter(
        "--status",
        negative=(),
        show_default=False,
        help="Work on nothing: say what waits for workers, and whether they keep up.",
    ),
]
Workers = Annotated[
    int, Parameter("--workers", help="With --status: how many there are, to be told how many it takes.")
]
Track = Annotated[
    str | None,
    Parameter("--track", help='Which track\'s frames to work on, "none" if absent; of --status: all.'),
]
Procs = Annotated[int, Parameter("--procs", help="In how many processes the function runs.")]
Timeout = Annotated[str, Parameter("--timeout", help='How long it may take for one frame: "30s", "5min".')]


def work(
    source: Annotated[str, Parameter(help='Where frames come from: "tcp://HOST:PORT" of a streamer.')],
    drain: Annotated[
        str | None, Parameter(help="Where results go: that of a receiver; to the source's hub if absent.")
    ] = None,
    *,
    call: Call = None,
    status: Status = False,
    track: Track = None,
    workers: Workers = 1,
    procs: Procs = 2,
    timeout: Timeout = "30s",
    keys: Keys = None,
    insecure: Insecure = False,
    for_: For = None,
    json: Json = False,
) -> int:
    """Work on frames of a stream that is dealt out, until Ctrl-C.

    The function takes a rushes Frame and returns a Frame or an array, plain data, or None for the frame as it came.
    It is also looked for in the folder this is started in. Both hubs may come later, go, and come again; exit code 1
    when one does not let this worker in, or the function cannot be had.

    With --status it only looks, for a second or --for, and ends.
    """
    if status:
        from rushes.cli.work_status import show_status

        if call is not None or drain is not None:
            raise ConfigError("--status only looks: leave --call and the drain out", option="--status")
        return show_status(source, track, workers, keys=keys, for_=for_, json=json)
    if call is None:
        raise ConfigError("say what to call on each frame: --call package.module:function", option="--call")
    from rushes.cli.stream_run import interruptible
    from rushes.limits import parse_duration
    from rushes.stream.work.worker import Worker

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    timeout_s = parse_duration(timeout, option="--timeout")
    _look_here()
    # The signals first: a hub may be waited for.
    with (
        interruptible() as asked,
        Worker(source, drain, track or "none", decproc=procs, keys=keys, insecure=insecure) as worker,
    ):
        say(f"{call} works on {worker.name}   (Ctrl-C ends it)", json)
        return _working(worker, call, timeout_s, asked, duration_s, json=json)


def _look_here() -> None:
    """Modules of the folder we are in can be named, as with ``python -m``; a program that was installed looks only
    where programs are.
    """
    import os
    import sys

    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)


def _working(
    worker: Worker, call: str, timeout_s: float, asked: Asked, duration_s: float | None, *, json: bool
) -> int:
    from rushes.cli.stream_run import LOOK_S, Rates, Work, display

    began_s, rates = time.monotonic(), Rates()

    def line(running_s: float) -> str:
        if away := worker.away:
            return f"{running_s:6.1f} s  waiting for the hub at {', '.join(away)}"
        return working_line(running_s, worker.stats(), rates)

    def run() -> None:
        with contextlib.suppress(ClosedError):  # asked to end before it began
            worker.run(call, timeout_s=timeout_s)

    try:
        with display(quiet=json) as show:
            running = Work(run, "rushes-work")
            try:
                while not (asked.stop or running.ended(LOOK_S)):
                    running_s = time.monotonic() - began_s
                    if duration_s is not None and running_s >= duration_s:
                        break
                    show(running_s, line)
            finally:
                worker.close()  # and not a stop, after which a run that had not begun yet would begin
                running.ended(_DRAIN_S)
        running.join(0)
    finally:
        print_worked(worker.name, worker.stats(), time.monotonic() - began_s, json=json)
    return 0


def working_line(running_s: float, stats: EdgeStats, rates: Rates) -> str:
    """One moment of a worker."""
    (fps,) = rates.of(running_s, stats.delivered)
    dropped = stats.dropped
    return (
        f"{running_s:6.1f} s {fps:5.1f} fps  done {stats.delivered}  failed {dropped.get(_ERROR, 0)}  "
        f"again {dropped.get(_AGAIN, 0)}  skipped {dropped.get(_SKIPPED, 0)}  at work {stats.waiting}"
    )


def print_worked(name: str, stats: EdgeStats, seconds: float, *, json: bool) -> None:
    """A worker's account."""
    if json:
        document: dict[str, Any] = {
            "worker": name,
            "seconds": round(seconds, 3),
            "offered": stats.offered,
            "delivered": stats.delivered,
            "dropped": dict(stats.dropped),
            "waiting": stats.waiting,
            "adds_up": stats.adds_up,
        }
        print_json(document)
        return
    from rushes.metrics import ledger_table

    headings, *rows = ledger_table([stats])
    console().print(table(headings, rows))
