"""``rushes capture``: records one source into a file or a folder."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli.options import For, Json, console, print_json
from rushes.cli.recording import Kind, Overwrite, Quality, check_place, code_of, kind_of
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rushes.capture.recorder import Recorder, Summary
    from rushes.station.feed import Feed

__all__ = ["capture"]

_LOOK_S = 0.2
_LINE_EVERY_S = 2.0  # where lines pile up instead of being replaced
_FEWEST_SLOTS, _MOST_SLOTS = 4, 64

Rect = Annotated[str | None, Parameter("--rect", help='The part of the screen: "X,Y,WIDTH,HEIGHT".')]
Every = Annotated[str, Parameter("--every", help='Time from frame to frame: "40ms" is 25 a second.')]
Out = Annotated[
    str | None,
    Parameter(("--out", "-o"), help="A file (.mp4), or a folder for pictures; made from the time if absent."),
]
Memory = Annotated[str, Parameter("--memory", help="The most that may wait to be written.")]
Disk = Annotated[str | None, Parameter("--disk", help='End after this much on disk: "2 GiB".')]
Pick = Annotated[bool, Parameter("--pick", negative=(), help="Draw the part of the screen with the mouse.")]


def capture(
    uri: Annotated[str, Parameter(help="What to record.")],
    *,
    rect: Rect = None,
    pick: Pick = False,
    every: Every = "40ms",
    for_: For = None,
    out: Out = None,
    format: Kind = None,
    quality: Quality = 80,
    memory: Memory = "256 MiB",
    disk: Disk = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> int:
    """Record a source: "screen:", "testcard:", "rtsp://…", "file:PATH" and the like.

    Ctrl-C ends the recording and keeps it; a second one deletes it. The source is captured by a process of its
    own, so that nothing else disturbs its pace. Exit code 3 says that it ended early, for want of disk or of the
    source, and what there is was kept.
    """
    from rushes.capture.recorder import Recorder
    from rushes.limits import parse_duration, parse_size

    every_s = parse_duration(every, option="--every")
    duration_s = None if for_ is None else parse_duration(for_, option="--for")
    memory_bytes = parse_size(memory, option="--memory")
    disk_bytes = None if disk is None else parse_size(disk, option="--disk")
    uri = _with_region(uri, rect, pick=pick)
    kind, target = _target(out, format)
    check_place(kind, target, overwrite=overwrite)
    with _feed(uri, every_s, memory_bytes, say=_aloud) as feed:
        recorder = Recorder(
            feed,
            target,
            every_s=every_s,
            format=kind,
            quality=quality,
            memory_bytes=memory_bytes,
            disk_bytes=disk_bytes,
            overwrite=overwrite,
        )
        if not json:
            _print_opening(feed, target)
        with _interrupts(recorder), _display(quiet=json) as show:
            recorder.start()
            summary = _watch(recorder, feed, duration_s, show)
        source = feed.stats()
    if json:
        print_json(_plain(summary, source, target))
    else:
        _print_closing(summary, source, target)
    return code_of(summary)


def _with_region(uri: str, rect: str | None, *, pick: bool) -> str:
    if rect is None and not pick:
        return uri
    if uri != "screen:":
        raise ConfigError(
            '--rect and --pick choose a part of "screen:"; other sources have none', option="--rect"
        )
    if rect is not None:
        return f"screen:{rect}"
    from rushes.qt.picker import pick_region

    region = pick_region()
    if region is None:
        raise KeyboardInterrupt
    return f"screen:{','.join(map(str, region))}"


def _target(out: str | None, format: str | None) -> tuple[str, str]:
    """(format, path): each follows from the other where it was not given."""
    if out is None:
        stamp = time.strftime("%Y-%m-%d %H-%M-%S")
        out = f"capture {stamp}" if format not in (None, "mp4") else f"capture {stamp}.mp4"
    return kind_of(out, format), out


def _feed(uri: str, every_s: float, memory_bytes: int, say: Callable[[str], object]) -> Feed:
    from rushes.station.feed import Feed

    # How large its pictures are is known once it is open; 3 MiB are those of 1080p.
    slots = min(_MOST_SLOTS, max(_FEWEST_SLOTS, memory_bytes // (3 << 20)))
    live = uri.partition(":")[0] not in ("file", "depot")
    return Feed(uri, fps=1 / every_s if live else None, slots=slots, say=say)


def _watch(
    recorder: Recorder, feed: Feed, duration_s: float | None, show: Callable[[Recorder, Feed, float], None]
) -> Summary:
    begun = time.monotonic()
    while (summary := recorder.wait(_LOOK_S)) is None:
        running_s = time.monotonic() - begun
        if duration_s is not None and running_s >= duration_s:
            recorder.stop()
        show(recorder, feed, running_s)
    return summary


@contextmanager
def _interrupts(recorder: Recorder) -> Iterator[None]:
    """The first Ctrl-C (or the service manager's end) stops and keeps, the second deletes."""
    asked = [0]

    def handle(number: int, frame: FrameType | None) -> None:
        asked[0] += 1
        if asked[0] == 1:
            recorder.stop()
        else:
            recorder.cancel()

    former = {each: signal.signal(each, handle) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


@contextmanager
def _display(*, quiet: bool) -> Iterator[Callable[[Recorder, Feed, float], None]]:
    if quiet:
        yield lambda recorder, feed, running_s: None
    elif sys.stdout.isatty():
        from rich.live import Live
        from rich.text import Text

        with Live(console=console(), auto_refresh=False, transient=True) as live:
            yield lambda *figures: live.update(Text(_line(*figures)), refresh=True)
    else:
        shown = [0.0]

        def add(recorder: Recorder, feed: Feed, running_s: float) -> None:
            if running_s - shown[0] >= _LINE_EVERY_S:
                shown[0] = running_s
                print(_line(recorder, feed, running_s), flush=True)

        yield add


def _line(recorder: Recorder, feed: Feed, running_s: float) -> str:
    from rushes.limits import format_size
    from rushes.station.usage import memory_bytes

    stats, source = recorder.stats(), feed.stats()
    lost = sum(stats.dropped.values()) + sum(source.dropped.values()) - source.dropped.get("late", 0)
    return (
        f"{running_s:7.1f} s  captured {stats.offered}  written {stats.written}  "
        f"late {source.dropped.get('late', 0)}  dropped {lost}  "
        f"RAM {format_size(memory_bytes(feed.pids))}  disk {format_size(stats.bytes)}"
    )


def _aloud(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_opening(feed: Feed, target: str) -> None:
    info = feed.info
    by = f" by {feed.stats().backend}" if feed.stats().backend else ""
    print(
        f"{info.width}x{info.height}@{info.fps:g}{by} -> {target}   (Ctrl-C ends it and keeps it)", flush=True
    )


def _print_closing(summary: Summary, source: Any, target: str) -> None:
    from rushes.limits import format_size

    drops = {**source.dropped, **summary.dropped}
    lost = ", ".join(f"{reason} {count}" for reason, count in sorted(drops.items()) if count) or "nothing"
    kept = (
        "nothing was kept" if summary.reason == "cancelled" else f"{format_size(summary.bytes)} in {target}"
    )
    print(f"{summary.reason}: captured {summary.captured}, written {summary.written}, lost: {lost}; {kept}")


def _plain(summary: Summary, source: Any, target: str) -> dict[str, Any]:
    return {
        "source": source.name,
        "backend": source.backend,
        "out": None if summary.reason == "cancelled" else target,
        "reason": summary.reason,
        "captured": summary.captured,
        "written": summary.written,
        "late": source.dropped.get("late", 0),
        "dropped": dict(summary.dropped),
        "bytes": summary.bytes,
        "capture": {
            "offered": source.offered,
            "delivered": source.delivered,
            "dropped": dict(source.dropped),
            "waiting": source.waiting,
            "adds_up": source.adds_up,
        },
    }
