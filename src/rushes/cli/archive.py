"""``rushes archive``: what has been recorded, whether it is sound, and getting it out."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from rushes.cli.options import ARCHIVE, ArchiveFolder, Json, console, print_json, table
from rushes.cli.times import local, parse_time
from rushes.errors import ArchiveError, ConfigError, RushesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rushes.archive import Archive, Span

__all__ = ["Cold", "archive", "check_there", "disk_told"]

_FAILED, _PARTIAL = 1, 3

archive = App(
    name="archive", help_format="markdown", help="Look at recordings, check them, and get them out."
)

From = Annotated[
    str | None,
    Parameter("--from", allow_leading_hyphen=True, help='The first moment: "14:03:07", "-5min", ISO 8601.'),
]
To = Annotated[
    str | None, Parameter("--to", allow_leading_hyphen=True, help="The last moment; now if absent.")
]
Cold = Annotated[
    str | None,
    Parameter("--cold", help='Where old recordings were moved to: "s3://bucket/folder" or a folder.'),
]


@archive.command(name="ls")
def list_all(
    channel: Annotated[str | None, Parameter(help="Only this one, with all its spans.")] = None,
    *,
    folder: ArchiveFolder = ARCHIVE,
    from_: From = None,
    to: To = None,
    json: Json = False,
) -> int:
    """List what has been recorded: channels, from when to when, with how many pauses."""
    start, end = _moment(from_, "--from"), _moment(to, "--to")
    with _opened(folder) as recordings:
        names = recordings.channels() if channel is None else [channel]
        found = {name: recordings.spans(name, start, end) for name in names}
        stats = recordings.stats()
    if json:
        channels = {name: [_plain(span) for span in spans] for name, spans in found.items()}
        print_json({"archive": folder, "channels": channels, "stats": asdict(stats)})
        return 0
    if channel is not None:
        times = [(local(span.start_ns), local(span.end_ns), _long(span)) for span in found[channel]]
        console().print(table(("from", "to", "lasts"), times) if times else "nothing recorded then")
        return 0
    rows = [_row(name, spans) for name, spans in found.items()]
    console().print(
        table(("channel", "first", "last", "recorded", "spans"), rows) if rows else "no recordings"
    )
    print(_total(stats))
    return 0


@archive.command
def verify(
    *,
    folder: ArchiveFolder = ARCHIVE,
    quick: Annotated[
        bool,
        Parameter("--quick", negative=(), show_default=False, help="Only names and sizes, not every byte."),
    ] = False,
    cold: Cold = None,
    json: Json = False,
) -> int:
    """Check that every byte is what was recorded. Exit code 1 when something is not as it should be.

    In the cold store only that everything is there: reading it all back could cost money.
    """
    with _opened(folder, cold) as recordings, _progress("verify", quiet=json) as progress:
        report = recordings.verify(deep=not quick, progress=progress)
        unseen = recordings.stats().cold_segments if cold is None else 0
    if json:
        print_json({**asdict(report), "ok": report.ok})
        return 0 if report.ok else _FAILED
    for kind, paths in (("damaged", report.damaged), ("missing", report.missing), ("orphan", report.orphans)):
        for path in paths:
            print(f"{kind:8} {path}")
    sizes = f"{len(report.damaged)} damaged, {len(report.missing)} missing, {len(report.orphans)} orphans"
    print(f"{_many(report.segments, 'segment')}: {'all sound' if report.ok else sizes}")
    if unseen:
        print(f"in the cold store, and not looked for: {_many(unseen, 'segment')}; name it: --cold ADDRESS")
    return 0 if report.ok else _FAILED


@archive.command
def export(
    channel: Annotated[str, Parameter(help="Which one.")],
    out: Annotated[str, Parameter(help="A .mp4, .gif or .webp file, or a folder for pictures.")],
    *,
    folder: ArchiveFolder = ARCHIVE,
    from_: From = None,
    to: To = None,
    last: Annotated[str | None, Parameter("--last", help='Instead of times: the last "30s", "5min".')] = None,
    figures: Annotated[
        bool, Parameter("--figures", negative=(), show_default=False, help="Draw in what was found.")
    ] = False,
    cold: Cold = None,
    json: Json = False,
) -> int:
    """Write a part of a channel's recording to a file. Exit code 3 when damaged parts had to be left out."""
    if (last is None) == (from_ is None):
        raise ConfigError("say from when: --from TIME, or --last 30s", option="--from")
    if last is not None and to is not None:
        raise ConfigError(
            "--last ends with the newest picture: leave out --to, or give --from", option="--to"
        )
    with _opened(folder, cold) as recordings, _progress(f"export {channel}", quiet=json) as progress:
        if last is not None:
            from rushes.limits import parse_duration

            seconds = parse_duration(last, option="--last")
            made = recordings.clip(channel, seconds, out, figures=figures, progress=progress)
        else:
            start, end = _moment(from_, "--from"), _moment(to or "now", "--to")
            made = recordings.export(channel, start, end, out, figures=figures, progress=progress)
    if json:
        spans = [_plain(span) for span in made.spans]
        print_json({**asdict(made), "path": str(made.path), "spans": spans})
    else:
        from rushes.limits import format_size

        how = "copied as recorded" if made.copied else "made anew"
        print(f"{made.path}: {_many(made.frames, 'picture')}, {format_size(made.bytes)}, {how}")
        if made.damaged:
            print(
                f"left out as damaged: {_many(made.damaged, 'group')} of pictures; see: rushes archive verify"
            )
    return _PARTIAL if made.damaged else 0


@archive.command
def prune(
    *,
    folder: ArchiveFolder = ARCHIVE,
    max_bytes: Annotated[str | None, Parameter("--max-bytes", help='Keep at most this: "200 GiB".')] = None,
    max_age: Annotated[str | None, Parameter("--max-age", help='Keep nothing older: "14d".')] = None,
    min_free: Annotated[str, Parameter("--min-free", help="Leave this free on the disk.")] = "1 GiB",
    cold: Cold = None,
    json: Json = False,
) -> int:
    """Remove the oldest recordings until the limits hold. Nobody else may be recording into the archive.

    With --cold, what is too much moves there, and what is too old is removed there as well.
    """
    from rushes.archive import Archive
    from rushes.limits import format_size, parse_duration, parse_size

    bytes_ = None if max_bytes is None else parse_size(max_bytes, option="--max-bytes")
    age_s = None if max_age is None else parse_duration(max_age, option="--max-age")
    free = parse_size(min_free, option="--min-free")
    limits: dict[str, Any] = {"max_bytes": bytes_, "max_age_s": age_s, "min_free_bytes": free}
    check_there(folder)
    with disk_told(), Archive(folder, cold=cold, **limits) as recordings:
        report = recordings.prune()
    if json:
        print_json(asdict(report))
    else:
        moved = f", moved {report.moved} to {cold}" if report.moved else ""
        print(f"removed {_many(report.removed - report.moved, 'segment')}{moved}", end="")
        print(f"; {format_size(report.freed_bytes)} freed")
    return 0


@contextmanager
def disk_told() -> Iterator[None]:
    """What the disk refuses within the block is told in a line, as an ArchiveError."""
    try:
        yield
    except (RushesError, BrokenPipeError):  # some of them are an OSError, too
        raise
    except OSError as error:
        message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        raise ArchiveError(message) from error


def check_there(folder: str) -> None:
    """Raises ConfigError when there is no archive in ``folder``."""
    from pathlib import Path

    if not (Path(folder) / "index.sqlite").exists():
        raise ConfigError(
            f"there is no archive in {folder!r}; name its folder: --archive DIR", option="--archive"
        )


@contextmanager
def _opened(folder: str, cold: str | None = None) -> Iterator[Archive]:
    from rushes.archive import Archive

    check_there(folder)
    with disk_told(), Archive(folder, mode="r", cold=cold) as recordings:
        yield recordings


@contextmanager
def _progress(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not sys.stdout.isatty():  # where it would leave empty lines
        yield None
        return
    from rich.progress import Progress

    with Progress(console=console(), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _moment(text: str | None, option: str) -> Any:
    return None if text is None else parse_time(text, option=option)


def _plain(span: Span) -> dict[str, float]:
    return {"start": span.start_ns / 1e9, "end": span.end_ns / 1e9}


def _long(*spans: Span) -> str:
    from rushes.limits import format_duration

    return format_duration(sum(span.end_ns - span.start_ns for span in spans) / 1e9)


def _row(name: str, spans: list[Span]) -> tuple[str, ...]:
    if not spans:
        return (name, "-", "-", "-", "0")
    return (name, local(spans[0].start_ns), local(spans[-1].end_ns), _long(*spans), str(len(spans)))


def _total(stats: Any) -> str:
    from rushes.limits import format_size

    cold = (
        f"; in the cold store {_many(stats.cold_segments, 'segment')}, {format_size(stats.cold_bytes)}"
        if stats.cold_segments
        else ""
    )
    here = f"{_many(stats.channels, 'channel')}, {_many(stats.segments, 'segment')}"
    return f"{here}, {format_size(stats.bytes)}{cold}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
