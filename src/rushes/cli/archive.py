"""``rushes archive``: what has been recorded, whether it is sound, and getting it out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from rushes.cli.options import ARCHIVE, ArchiveFolder, Json, console, print_json, table
from rushes.cli.times import local, parse_time
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rushes.archive import Archive, Span

__all__ = ["archive"]

_FAILED, _PARTIAL = 1, 3

archive = App(name="archive", help="Look at recordings, check them, and get them out.")

From = Annotated[
    str | None,
    Parameter("--from", allow_leading_hyphen=True, help='The first moment: "14:03:07", "-5min", ISO 8601.'),
]
To = Annotated[
    str | None, Parameter("--to", allow_leading_hyphen=True, help="The last moment; now if absent.")
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
    json: Json = False,
) -> int:
    """Check that every byte is what was recorded. Exit code 1 when something is not as it should be."""
    with _opened(folder) as recordings, _progress("verify", quiet=json) as progress:
        report = recordings.verify(deep=not quick, progress=progress)
    if json:
        print_json({**asdict(report), "ok": report.ok})
        return 0 if report.ok else _FAILED
    for kind, paths in (("damaged", report.damaged), ("missing", report.missing), ("orphan", report.orphans)):
        for path in paths:
            print(f"{kind:8} {path}")
    sizes = f"{len(report.damaged)} damaged, {len(report.missing)} missing, {len(report.orphans)} orphans"
    print(f"{report.segments} segments: {'all sound' if report.ok else sizes}")
    return 0 if report.ok else _FAILED


@archive.command
def export(
    channel: str,
    out: Annotated[str, Parameter(help="A .mp4, .gif or .webp file, or a folder for pictures.")],
    *,
    folder: ArchiveFolder = ARCHIVE,
    from_: From = None,
    to: To = None,
    last: Annotated[str | None, Parameter("--last", help='Instead of times: the last "30s", "5min".')] = None,
    json: Json = False,
) -> int:
    """Write a part of a channel's recording to a file. Exit code 3 when damaged parts had to be left out."""
    if (last is None) == (from_ is None):
        raise ConfigError("say from when: --from TIME, or --last 30s", option="--from")
    with _opened(folder) as recordings, _progress(f"export {channel}", quiet=json) as progress:
        if last is not None:
            from rushes.limits import parse_duration

            made = recordings.clip(channel, parse_duration(last, option="--last"), out, progress=progress)
        else:
            start, end = _moment(from_, "--from"), _moment(to or "now", "--to")
            made = recordings.export(channel, start, end, out, progress=progress)
    if json:
        spans = [_plain(span) for span in made.spans]
        print_json({**asdict(made), "path": str(made.path), "spans": spans})
    else:
        from rushes.limits import format_size

        how = "copied as recorded" if made.copied else "made anew"
        print(f"{made.path}: {made.frames} pictures, {format_size(made.bytes)}, {how}")
        if made.damaged:
            print(f"{made.damaged} damaged groups of pictures are left out; see: rushes archive verify")
    return _PARTIAL if made.damaged else 0


@archive.command
def prune(
    *,
    folder: ArchiveFolder = ARCHIVE,
    max_bytes: Annotated[str | None, Parameter("--max-bytes", help='Keep at most this: "200 GiB".')] = None,
    max_age: Annotated[str | None, Parameter("--max-age", help='Keep nothing older: "14d".')] = None,
    min_free: Annotated[str, Parameter("--min-free", help="Leave this free on the disk.")] = "1 GiB",
    json: Json = False,
) -> int:
    """Remove the oldest recordings until the limits hold. Nobody else may be recording into the archive."""
    from rushes.archive import Archive
    from rushes.limits import format_size, parse_duration, parse_size

    bytes_ = None if max_bytes is None else parse_size(max_bytes, option="--max-bytes")
    age_s = None if max_age is None else parse_duration(max_age, option="--max-age")
    free = parse_size(min_free, option="--min-free")
    _check_there(folder)
    with Archive(folder, max_bytes=bytes_, max_age_s=age_s, min_free_bytes=free) as recordings:
        report = recordings.prune()
    if json:
        print_json(asdict(report))
    else:
        print(f"removed {report.removed} segments, {format_size(report.freed_bytes)}")
    return 0


@contextmanager
def _opened(folder: str) -> Iterator[Archive]:
    from rushes.archive import Archive

    _check_there(folder)
    with Archive(folder, mode="r") as recordings:
        yield recordings


def _check_there(folder: str) -> None:
    from pathlib import Path

    if not (Path(folder) / "index.sqlite").exists():
        raise ConfigError(
            f"there is no archive in {folder!r}; name its folder: --archive DIR", option="--archive"
        )


@contextmanager
def _progress(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet:
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
        f", {format_size(stats.cold_bytes)} in {stats.cold_segments} cold segments"
        if stats.cold_segments
        else ""
    )
    return f"{stats.channels} channels, {stats.segments} segments, {format_size(stats.bytes)}{cold}"
