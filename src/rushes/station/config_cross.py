"""What no table can know alone: names used twice, channels that are not there, more memory than there may be (pure)."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rushes.limits import format_duration, format_size
from rushes.station.addresses import is_loopback, split
from rushes.station.config_check import Mistake, label, near
from rushes.station.config_source import copy_mistake, source_mistake, template_mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rushes.station.config_check import Checked
    from rushes.station.config_text import Path, Settings

__all__ = ["cross_check", "depot_bytes"]

_CARD = re.compile(r"testcard:(?:([0-9]+)x([0-9]+))?")
_REGION = re.compile(r"screen:-?[0-9]+,-?[0-9]+,([0-9]+),([0-9]+)")
_BIND = re.compile(r"(\[[^\]]+\]|[^:\[\]]+):([0-9]{1,5})")
_STREAMED = re.compile(r"(tcp|ipc|nats|tls)://.+")
_GUESS = (1920, 1080)


def cross_check(
    found: Checked, settings: Settings, schemes: Iterable[str], is_pictures: Callable[[str], bool]
) -> tuple[list[Mistake], list[Mistake]]:
    """Mistakes and warnings. Looks at what is right by itself, whatever is wrong elsewhere.

    ``schemes``: the kinds of source there are; ``is_pictures``: whether what a "file:…" names are single pictures.
    """
    rows = _Rows(found, settings)
    mistakes = [
        *_names(rows, "channel"),
        *_names(rows, "work"),
        *_works(rows),
        *_channels(rows, tuple(schemes)),
        *_copies(rows, tuple(schemes), is_pictures),
        *_places(rows),
        *_names_and_stores(rows),
    ]
    over, warnings = _memory(rows)
    return [*mistakes, *over], warnings


class _Rows:
    """What was found, and how to say where."""

    def __init__(self, found: Checked, settings: Settings) -> None:
        self._values, self._settings = found.values, settings

    def of(self, table: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each row; a value that is wrong is not in it, and asking for it gives None."""
        return (
            (path, defaultdict(lambda: None, each)) for path, each in self._values.items() if path[0] == table
        )

    def one(self, table: str) -> dict[str, Any]:
        return next((each for _, each in self.of(table)), defaultdict(lambda: None))

    def wrong(self, path: Path, key: str, text: str) -> Mistake:
        given = self._settings.data.get(str(path[0]), {})
        row = given[path[1]] if len(path) > 1 else given
        return Mistake(self._settings.where((*path, key)), label(path, row), f"{key}: {text}")


def _names(rows: _Rows, table: str) -> Iterator[Mistake]:
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for path, row in rows.of(table):
        if row["name"] is not None:
            paths[row["name"]].append(path)
    for name, same in paths.items():
        for path in same[1:]:
            yield rows.wrong(
                path, "name", f'{table}[{same[0][1]}] is called "{name}" already; give each its own'
            )


def _works(rows: _Rows) -> Iterator[Mistake]:
    names = [row["name"] for _, row in rows.of("channel") if row["name"] is not None]
    for path, work in rows.of("work"):
        if work["channel"] is not None and work["channel"] not in names:
            known = near(work["channel"], names) or (
                f"; there are {', '.join(names)}" if names else "; there is none"
            )
            yield rows.wrong(path, "channel", f'no channel is called "{work["channel"]}"{known}')


def _channels(rows: _Rows, schemes: tuple[str, ...]) -> Iterator[Mistake]:
    worked = {work["channel"] for _, work in rows.of("work")}
    max_age = rows.one("archive")["max_age"]
    for path, row in rows.of("channel"):
        for key, text in _in_channel(row, schemes, row["name"] in worked, max_age):
            yield rows.wrong(path, key, text)


def _in_channel(
    row: dict[str, Any], schemes: tuple[str, ...], worked: bool, max_age: float | None
) -> Iterator[tuple[str, str]]:
    source, keep = row["source"], row["keep"]
    scheme, _, rest = (source or "").partition(":")
    if source is not None and (wrong := _address_mistake(source, schemes)):
        yield "source", wrong
    if row["rect"] is not None and source is not None and (scheme != "screen" or rest):
        yield "rect", 'it is for a source "screen:" alone'
    if row["stream"] is not None and not _STREAMED.fullmatch(row["stream"]):
        yield "stream", "write tcp://HOST:PORT, ipc://NAME, or nats://HOST:PORT/STREAM for a hub"
    if row["when_full"] in ("block", "spill") and row["record"] in (False, "copy") and not worked:
        how = "recorded" if row["record"] is False else "recorded by record = true"
        yield "when_full", f'"{row["when_full"]}" waits for somebody: have it {how} or worked on'
    if keep is not None and row["record"] is False:
        yield "keep", "it is not recorded"
    if keep is not None and max_age is not None and max_age < keep:
        yield "keep", f"archive.max_age is less, {format_duration(max_age)}"


def _address_mistake(source: str, schemes: tuple[str, ...]) -> str:
    scheme, colon, _ = source.partition(":")
    if scheme in schemes and colon:
        return source_mistake(source)
    kind = f'there is no kind of source "{scheme}"' if colon else 'it needs a kind, like "file:" or "rtsp:"'
    return kind + (near(scheme, schemes, '"{}:"') or f"; there are {', '.join(schemes)}")


def _copies(rows: _Rows, schemes: tuple[str, ...], is_pictures: Callable[[str], bool]) -> Iterator[Mistake]:
    """Channels that are recorded as they are coded, and those that only say from where."""
    for path, row in rows.of("channel"):
        record, main = row["record"], row["record_source"]
        if main is not None and (wrong := _address_mistake(main, schemes)):
            yield rows.wrong(path, "record_source", wrong)
        elif main is not None and record in (True, False):
            text = 'it is for record = "copy" alone; write that, or leave record_source out'
            yield rows.wrong(path, "record_source", text)
        elif record == "copy" and (source := main or row["source"]):
            wrong = copy_mistake(source, is_pictures)
            if wrong:
                yield rows.wrong(path, "record" if main is None else "record_source", wrong)


def _places(rows: _Rows) -> Iterator[Mistake]:
    bind, hub = rows.one("web")["bind"], rows.one("hub")
    if bind is not None and bind != "off" and not _is_bind(bind):
        yield rows.wrong(("web",), "bind", 'write HOST:PORT, like "127.0.0.1:8787", or "off"')
    if hub["url"] is not None and hub["bind"] is not None:
        yield rows.wrong(("hub",), "bind", "a station joins a hub (url) or starts one (bind), not both")
    if hub["url"] is not None and not re.fullmatch(r"(nats|tls)://.+:[0-9]+", hub["url"]):
        yield rows.wrong(("hub",), "url", "write nats://HOST:PORT")
    if hub["bind"] is not None and (not _is_bind(hub["bind"]) or hub["bind"].endswith(":0")):
        yield rows.wrong(
            ("hub",), "bind", 'write HOST:PORT, like "127.0.0.1:4222"; others have to know the port'
        )
    elif hub["bind"] and not hub["url"] and not rows.one("station")["keys"] and _is_wide(hub["bind"]):
        text = (
            "it is open to other machines, so it needs keys: rushes keys new DIR, then [station] keys = DIR"
        )
        yield rows.wrong(("hub",), "bind", text)


def _names_and_stores(rows: _Rows) -> Iterator[Mistake]:
    template, cold = rows.one("shots")["template"], rows.one("archive")["cold"]
    if template is not None and (wrong := template_mistake(template)):
        yield rows.wrong(("shots",), "template", wrong)
    if cold is not None and "://" in cold and not re.fullmatch(r"s3://[^/].*|file:///.+|memory://.*", cold):
        yield rows.wrong(("archive",), "cold", 'write "s3://BUCKET/FOLDER", or a folder')


def _is_bind(text: str) -> bool:
    found = _BIND.fullmatch(text)
    return found is not None and int(found[2]) <= 65535


def _is_wide(bind: str) -> bool:
    return not is_loopback(split(bind)[0])


def _memory(rows: _Rows) -> tuple[list[Mistake], list[Mistake]]:
    """Depots of known size against the budget; those that nobody knows yet are guessed, for a warning."""
    allowed = rows.one("budget")["memory"]
    if allowed is None:
        return [], []
    sizes = [(depot_bytes(row), row["slots"] or 0) for _, row in rows.of("channel")]
    known = sum(size for size, _ in sizes if size is not None)
    guessed = sum(slots * _picture_bytes(*_GUESS) for size, slots in sizes if size is None)
    remedy = "raise budget.memory or lower slots"
    if known > allowed:
        text = f"the depots of all channels take {format_size(known)}, more than {format_size(allowed)}; {remedy}"
        return [rows.wrong(("budget",), "memory", text)], []
    if known + guessed > allowed:
        text = (
            f"with {_GUESS[0]}x{_GUESS[1]} where sizes are not known yet, all depots would take "
            f"{format_size(known + guessed)}, more than {format_size(allowed)}: some would get fewer slots; {remedy}"
        )
        return [], [rows.wrong(("budget",), "memory", text)]
    return [], []


def depot_bytes(row: Mapping[str, Any]) -> int | None:
    """What a channel's depot will take; None where only the source knows."""
    slots, source, rect = row["slots"], row["source"] or "", row["rect"]
    if slots is None:
        return None
    if rect is not None:
        return int(slots * _picture_bytes(*rect[2:]))
    card = _CARD.match(source)
    if card is not None:
        return int(slots * _picture_bytes(int(card[1] or 1280), int(card[2] or 720)))
    region = _REGION.match(source)
    return int(slots * _picture_bytes(int(region[1]), int(region[2]))) if region is not None else None


def _picture_bytes(width: int, height: int) -> int:
    return width * height * 3 // 2
