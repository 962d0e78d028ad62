"""``rushes shot``: one picture of a channel, of now or of any moment that was recorded."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rushes.cli.archive import Cold, check_there, disk_told
from rushes.cli.options import ARCHIVE, ArchiveFolder, Json, print_json
from rushes.cli.times import local, parse_time
from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from rushes.shots import Shot

__all__ = ["shot"]

At = Annotated[
    str | None,
    Parameter("--at", allow_leading_hyphen=True, help='When: "14:03:07.2", "-30s", ISO 8601; now if absent.'),
]
Figures = Annotated[
    bool, Parameter("--figures", negative=(), show_default=False, help="Draw what is known of the moment.")
]
Out = Annotated[
    str | None,
    Parameter(
        ("--out", "-o"),
        allow_leading_hyphen=True,
        help='A file, a folder, or a name with fields of the moment (%H-%M-%S); "-" writes to the pipe.',
    ),
]
Timeout = Annotated[str, Parameter("--timeout", help="Give up after this long.")]


def shot(
    channel: Annotated[str, Parameter(help="Which one.")],
    *,
    at: At = None,
    figures: Figures = False,
    out: Out = None,
    folder: ArchiveFolder = ARCHIVE,
    cold: Cold = None,
    timeout: Timeout = "10s",
    json: Json = False,
) -> int:
    """Save one picture of a channel: a depot, a channel of a running station or of another that it sees at its hub
    (CHANNEL_STATION), or one of the archive.

    Without --at it is the newest there is; with it, the one that was shown at that moment.
    """
    from rushes.limits import parse_duration
    from rushes.shots import ShotSaver
    from rushes.shots.of_station import StationBackend

    moment = None if at is None else parse_time(at, option="--at")
    with ExitStack() as held:
        held.enter_context(disk_told())
        found = _find(channel, held, folder, cold, past=moment is not None)
        by_station = isinstance(found, StationBackend)
        saver = held.enter_context(ShotSaver(1, channels=found if by_station else {channel: found}))
        saver.timeout_sec = parse_duration(timeout, option="--timeout")
        if out == "-":
            taken = saver.handle(saver.get(channel, moment, figures, callback=lambda data: None)).result()
            sys.stdout.buffer.write(taken.data)
            return 0
        folder_name, name = _split(out, saver.file_name_tmpl)
        guid, _ = saver.save(channel, moment, figures, name, folder_name)
        taken = saver.handle(guid).result()
    _tell(taken, json=json)
    return 0


def _find(channel: str, held: ExitStack, folder: str, cold: str | None, *, past: bool) -> Any:
    """What can show the channel: its depot for now, its recordings for then, or for now where no depot is."""
    from rushes.depot import Depot, list_depots

    depots = [each.name for each in list_depots() if each.alive and not each.trouble]
    names = [name for name in depots if name == channel or name.endswith(f"-{channel}")]
    if names and not past:
        if len(names) > 1 and channel not in names:
            raise ConfigError(f"{channel!r} may be {' or '.join(map(repr, names))}: give the whole name")
        return held.enter_context(Depot.attach(channel if channel in names else names[0]))
    far = _of_another(channel)
    if far is not None:
        return far
    if past:
        check_there(folder)
    recorded: list[str] = []
    if (Path(folder) / "index.sqlite").exists():
        from rushes.archive import Archive

        archive = held.enter_context(Archive(folder, mode="r", cold=cold))
        recorded = archive.channels()
        if channel in recorded:
            return archive
    raise unknown_name("channel", channel, dict.fromkeys((*recorded, *(() if past else depots))))


def _of_another(channel: str) -> Any:
    """The interface of a station of this machine that knows the channel as another station's; None without one."""
    from rushes.errors import RushesError
    from rushes.shots.of_station import StationBackend
    from rushes.station.board import running_stations

    for board in running_stations():
        if board.web and "_" in channel:
            station = StationBackend(board.web)
            try:
                place = station.find(channel)
            except RushesError:
                continue  # not there, or not to be asked: the next one, or the folder, may know it
            if place.fields.get("server.name") != board.station:
                return station
    return None


def _split(out: str | None, usual: str) -> tuple[str, str | None]:
    """(folder, name) for a saver. The name is a template, and None the usual one; folders of it come with it."""
    if out is None or Path(out).is_dir():
        return out or os.curdir + os.sep, None
    parts = out.split(os.sep)
    fields = (turn for turn, part in enumerate(parts) if "%" in part or "{" in part)
    fixed = min(next(fields, len(parts)), len(parts) - 1)
    name = os.sep.join(parts[fixed:])
    if name.endswith(os.sep):
        name += usual
    return os.sep.join([*parts[:fixed], ""]) or os.curdir + os.sep, name or None


def _tell(taken: Shot, *, json: bool) -> None:
    if json:
        print_json({key: value for key, value in asdict(taken).items() if key != "data"})
        return
    from rushes.limits import format_duration

    number = "" if taken.frame_number is None else f"frame {taken.frame_number}, "
    print(
        f"{taken.path}: {number}{local(taken.captured_ns)} ({format_duration(taken.age_s)} ago), {taken.source}"
    )
