"""``rushes send`` and ``rushes recv``: a source on this machine, seen on another."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli import INTERRUPTED
from rushes.cli.options import For, Json  # noqa: TC001  read at run time, as the options of the verbs
from rushes.cli.recording import Kind, Overwrite, Quality  # noqa: TC001  these too
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from rushes.capture.records import OpenedSource
    from rushes.cli.stream_run import Asked, Work
    from rushes.stream.streamer import Streamer

__all__ = ["Insecure", "Keys", "recv", "say", "send"]

_DRAIN_S = 2.0
_FLIGHT_S = 0.2

Endpoint = Annotated[
    str,
    Parameter(
        help='"tcp://HOST:PORT", "nats://HOST:PORT/STREAM" by way of a hub, "ipc://NAME" or "shm://DEPOT" within this '
        "machine."
    ),
]
Codec = Annotated[str, Parameter("--codec", help="jpeg, raw or h264.")]
Fps = Annotated[float | None, Parameter("--fps", help="How many frames a second to take.")]
Keys = Annotated[str | None, Parameter("--keys", help="The folder that rushes keys new made.")]
Insecure = Annotated[
    bool,
    Parameter(
        "--insecure", negative=(), show_default=False, help="Without keys, also where others can reach it."
    ),
]
Name = Annotated[str | None, Parameter("--name", help="What receivers see as the frames' channel.")]
WhenFull = Annotated[
    str | None, Parameter("--when-full", help="drop_oldest, drop_newest or block; the first if absent.")
]
Loop = Annotated[
    bool, Parameter("--loop", negative=(), show_default=False, help="Begin a file again at its end.")
]
MapReduce = Annotated[
    bool,
    Parameter("--mapreduce", negative=(), show_default=False, help="Deal frames out to workers."),
]
Results = Annotated[
    bool,
    Parameter("--mapreduce", negative=(), show_default=False, help="Take results of workers."),
]
Tracks = Annotated[
    list[str] | None,
    Parameter("--track", negative=(), help="With --mapreduce: whom to deal them out to; may be repeated."),
]
Wait = Annotated[
    bool, Parameter("--wait", negative=(), show_default=False, help="Begin when the first receiver is there.")
]
Out = Annotated[
    str | None, Parameter(("--out", "-o"), help="Record into a file (.mp4), or a folder of pictures.")
]
View = Annotated[
    bool, Parameter("--view", negative=(), show_default=False, help="Show it in a window; escape ends it.")
]
Frames = Annotated[int | None, Parameter("--frames", help="End after this many frames.")]


def send(
    uri: Annotated[str, Parameter(help='What to send: "screen:", "rtsp://…", "file:PATH" and the like.')],
    endpoint: Endpoint,
    *,
    codec: Codec = "jpeg",
    quality: Quality = 80,
    fps: Fps = None,
    keys: Keys = None,
    insecure: Insecure = False,
    name: Name = None,
    when_full: WhenFull = None,
    mapreduce: MapReduce = False,
    track: Tracks = None,
    wait: Wait = False,
    loop: Loop = False,
    for_: For = None,
    json: Json = False,
) -> int:
    """Send a source to any number of receivers.

    Ctrl-C is the normal end, as is that of a file; the last lines say what became of each frame. Exit code 1 when
    the source was lost.
    """
    from rushes.cli.stream_run import interruptible
    from rushes.limits import parse_duration
    from rushes.stream.streamer import Streamer

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    if wait and endpoint.startswith("shm:"):
        raise ConfigError(
            "--wait needs tcp:// or ipc://: a depot is made by the first frame, nobody can wait in it",
            option="--wait",
        )
    if track and not mapreduce:
        raise ConfigError("--track is for workers: give --mapreduce as well", option="--track")
    with Streamer(
        endpoint,
        track,
        mapreduce=mapreduce,
        codec=codec,
        quality=quality,
        when_full=when_full,
        name=name,
        keys=keys,
        insecure=insecure,
    ) as streamer:
        until_s = None if duration_s is None else time.monotonic() + duration_s
        if wait:
            say(f"waiting for a receiver at {streamer.address}", json)
            if not streamer.wait(duration_s):
                return 0
        # Not before: opening may wait for a camera, and there Ctrl-C shall break off what runs.
        with _open(uri, fps, loop) as source, interruptible() as asked:
            return _sending(source, streamer, asked, until_s, json=json)


def _open(uri: str, fps: float | None, loop: bool) -> OpenedSource:
    from rushes.capture import open_source

    options = {"loop": True} if loop else {}
    return open_source(uri, fps=fps, **options)


def _sending(
    source: OpenedSource, streamer: Streamer, asked: Asked, until_s: float | None, *, json: bool
) -> int:
    from rushes.cli.stream_run import LOOK_S, Rates, Work, display
    from rushes.cli.stream_told import print_sent, sending_line

    shown = source.stats().name
    say(f"{shown} -> {streamer.address}   (Ctrl-C ends it)", json)
    began_s, rates, over = time.monotonic(), Rates(), threading.Event()

    def pump() -> None:
        for frame in source:
            if over.is_set() or streamer.send(frame).reason == "stopped":
                return

    def line(running_s: float) -> str:
        return sending_line(running_s, streamer.stats(), rates)

    try:
        with display(quiet=json) as show:
            work = Work(pump, "rushes-send")
            try:
                while not (asked.stop or work.ended(LOOK_S)):
                    now_s = time.monotonic()
                    if until_s is not None and now_s >= until_s:
                        break
                    show(now_s - began_s, line)
            finally:
                over.set()
                _finish(source, streamer, work)
        work.join(0)
    finally:
        streamer.stop()
        print_sent(shown, streamer.stats(), source.stats(), time.monotonic() - began_s, json=json)
    return 0


def _finish(source: OpenedSource, streamer: Streamer, work: Work) -> None:
    """Ends the source, and lets what it gave get through to the receivers."""
    source.close()
    if not work.ended(_DRAIN_S):
        streamer.stop()  # the last frame waits for room that nobody makes
        work.ended(_DRAIN_S)  # and a source that does not end is left to the end of the process
        return
    until_s = time.monotonic() + _DRAIN_S
    while streamer.stats().waiting and time.monotonic() < until_s:
        time.sleep(0.01)
    if streamer.stats().peers:
        time.sleep(_FLIGHT_S)  # handed to the network is not there yet, and a close leaves nothing behind


def recv(
    endpoint: Endpoint,
    *,
    mapreduce: Results = False,
    out: Out = None,
    view: View = False,
    format: Kind = None,
    quality: Quality = 80,
    overwrite: Overwrite = False,
    keys: Keys = None,
    insecure: Insecure = False,
    frames: Frames = None,
    for_: For = None,
    json: Json = False,
) -> int:
    """Receive a stream: watch its figures, record it, or show it.

    The sender may come later, go, and come again. Ctrl-C is the normal end. Frames that were lost are counted and
    told; that is no failure. Exit code 1 when nothing ever came, 3 when a recording was cut short by the disk.
    """
    from rushes.cli.stream_run import interruptible
    from rushes.cli.stream_take import Counting, Recording, Taking, Viewing
    from rushes.limits import parse_duration
    from rushes.stream.receiver import Receiver

    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    if frames is not None and frames < 1:
        raise ConfigError(f"--frames must be at least 1, not {frames}", option="--frames")
    if view and out is not None:
        raise ConfigError("--view shows and -o records: give one of them", option="--view")
    if out is None and format is not None:
        raise ConfigError("--format is for recording: say where to with -o", option="--format")
    if out is None and overwrite:
        raise ConfigError("--overwrite is for recording: say where to with -o", option="--overwrite")
    with (
        interruptible() as asked,
        Receiver(endpoint, mapreduce=mapreduce, keys=keys, insecure=insecure) as receiver,
    ):
        taking = Taking(receiver, frames)
        use: Any = Counting(taking)
        if view:
            use = Viewing(taking)
        elif out is not None:
            use = Recording(taking, out, format, quality, overwrite=overwrite)
        say(f"receiving {receiver.address}{use.where}   (Ctrl-C ends it)", json)
        return _receiving(taking, use, asked, duration_s, json=json)


def _receiving(taking: Any, use: Any, asked: Asked, duration_s: float | None, *, json: bool) -> int:
    from rushes.cli.stream_run import LOOK_S, Rates, Work, display
    from rushes.cli.stream_told import nothing_came, print_received, receiving_line

    receiver, rates, began_s = taking.receiver, Rates(), time.monotonic()

    def line(running_s: float) -> str:
        return receiving_line(running_s, taking, rates)

    try:
        with display(quiet=json) as show:
            work = Work(use.run, "rushes-recv")
            try:
                while not (asked.stop or use.step(work, LOOK_S)):
                    running_s = time.monotonic() - began_s
                    if duration_s is not None and running_s >= duration_s:
                        break
                    show(running_s, line)
            finally:
                receiver.stop()
                use.end()
        work.join()
    finally:
        print_received(taking, use.told(), time.monotonic() - began_s, json=json)
    if not taking.taken:
        if asked.stop:
            return INTERRUPTED
        raise nothing_came(receiver.name, time.monotonic() - began_s)
    return int(use.code)


def say(line: str, json: bool) -> None:
    """The opening line: on standard error where standard output is for one document."""
    import sys

    print(line, file=sys.stderr if json else sys.stdout, flush=True)
