"""The tables of a station's configuration: one structure each, from which checking and the schema come (pure)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

__all__ = [
    "BIND",
    "CARD",
    "ArchiveTable",
    "BudgetTable",
    "ChannelTable",
    "Config",
    "HubTable",
    "ShotsTable",
    "StationTable",
    "WebTable",
    "WorkTable",
    "schema",
]

BIND = "127.0.0.1:8787"
"""Where the page is, unless told otherwise: for this machine alone."""
CARD = "testcard:1280x720@30"
_NAME = r"^\w[\w.-]{0,63}$"

_SIZE = r"^\s*[0-9]+(\.[0-9]+)?\s*([kKMGT]i?)?B?\s*$"
_DURATION = r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|m|min|h|d)\s*$"


def _quantity(kind: str, pattern: str, expects: str, *examples: str) -> Meta:
    """Of a number that may be written with its unit; ``kind`` says which, to who reads it."""
    return Meta(
        extra={"quantity": kind, "expects": expects},
        extra_json_schema={"pattern": pattern, "examples": list(examples)},
    )


# What a mistake is answered with stands beside what is checked.
Name = Annotated[
    str, Meta(pattern=_NAME, extra={"expects": "a name of letters, digits, dots, dashes and underscores"})
]
Text = Annotated[str, Meta(min_length=1, extra={"expects": "text that is not empty"})]
Rate = Annotated[float, Meta(gt=0, le=1000, extra={"expects": "a number above 0, at most 1000"})]
Count = Annotated[int, Meta(ge=1, le=1000, extra={"expects": "a whole number from 1 to 1000"})]
Retries = Annotated[int, Meta(ge=0, le=100, extra={"expects": "a whole number from 0 to 100"})]
Slots = Annotated[int, Meta(ge=2, le=4096, extra={"expects": "a whole number from 2 to 4096"})]
Size = Annotated[int, Meta(gt=0), _quantity("size", _SIZE, 'a size like "512 MiB"', "512 MiB", "20 GiB")]
Room = Annotated[int, Meta(ge=0), _quantity("size", _SIZE, 'a size like "1 GiB", or 0', "1 GiB")]
Seconds = Annotated[
    float, Meta(gt=0), _quantity("duration", _DURATION, 'a duration like "40ms", "2s" or "14d"', "2s", "14d")
]
Rect = Annotated[
    tuple[int, int, int, int], Meta(extra={"expects": "[x, y, width, height] in pixels, four whole numbers"})
]
Recorded = Annotated[bool | Literal["copy"], Meta(extra={"expects": 'true, false or "copy"'})]
WhenFull = Annotated[
    Literal["drop_oldest", "drop_newest", "block", "spill"],
    Meta(extra={"expects": '"drop_oldest", "drop_newest", "block" or "spill"'}),
]


def _said(description: str) -> Meta:
    return Meta(description=description)


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class StationTable(_Table, frozen=True):
    """[station]: what it is called, and where its files are."""

    name: Annotated[
        Name | None, _said("What it is called on this machine and beyond; its host's name if absent.")
    ] = None
    data: Annotated[Text, _said("The folder of recordings and tokens.")] = "rushes-data"
    keys: Annotated[
        Text | None, _said('The folder of keys ("rushes keys new") for streams and hubs off this machine.')
    ] = None


class BudgetTable(_Table, frozen=True):
    """[budget]: how much of the machine it may take."""

    memory: Annotated[Size, _said("The most that the depots of all channels may take together.")] = 512 << 20
    disk: Annotated[Size, _said("The most that recordings may take; the oldest go first.")] = 2 << 30


class WebTable(_Table, frozen=True):
    """[web]: the page and the API."""

    bind: Annotated[
        Text,
        _said(
            'HOST:PORT of page and API; "off" for none. Off this machine it needs a token ("rushes token add").'
        ),
    ] = BIND


class HubTable(_Table, frozen=True):
    """[hub]: a hub to join, or one to be started here; not both."""

    url: Annotated[Text | None, _said("nats://HOST:PORT of the hub to join.")] = None
    bind: Annotated[
        Text | None, _said("HOST:PORT to start a hub at. Off this machine it needs keys ([station] keys).")
    ] = None


class ChannelTable(_Table, frozen=True):
    """[[channel]]: one source of pictures."""

    name: Annotated[Name, _said("What it is called in addresses, files and the page.")]
    source: Annotated[
        Text,
        _said(
            'Where its frames come from: "testcard:", "screen:", "file:PATH", "rtsp://…", "http://…", "v4l2:/dev/…".'
        ),
    ]
    fps: Annotated[Rate | None, _said("Frames a second; what the source gives if absent.")] = None
    when_full: Annotated[WhenFull, _said("What becomes of a frame when its depot is full.")] = "drop_oldest"
    record: Annotated[
        Recorded,
        _said(
            'Whether it is recorded; "copy": as its camera codes it, by a connection of the recorder\'s own.'
        ),
    ] = True
    record_source: Annotated[
        Text | None,
        _said('Where "copy" takes it from, such as the main stream of the same camera; source if absent.'),
    ] = None
    keep: Annotated[
        Seconds | None, _said("How long its recordings are kept; as long as all others if absent.")
    ] = None
    stream: Annotated[
        Text | None,
        _said(
            "Where it is streamed as a track of its name: tcp://HOST:PORT, ipc://NAME or a hub's nats://HOST:PORT/STREAM."
        ),
    ] = None
    rect: Annotated[Rect | None, _said('The part of the screen to take, for "screen:".')] = None
    slots: Annotated[Slots, _said("How many frames its depot holds.")] = 16


class WorkTable(_Table, frozen=True):
    """[[work]]: a function that is called with each frame of a channel."""

    name: Annotated[Name, _said("What it is called.")]
    channel: Annotated[Name, _said("The channel whose frames it gets.")]
    call: Annotated[
        Annotated[
            str,
            Meta(pattern=r"^[\w.]+:[\w.]+$", extra={"expects": 'a function like "package.module:function"'}),
        ],
        _said("package.module:function; it gets a Frame and gives a Frame, plain data, or None."),
    ]
    track: Annotated[Name | None, _said("What its results are called; its name if absent.")] = None
    workers: Annotated[Count, _said("How many processes do it.")] = 1
    timeout: Annotated[Seconds, _said("How long one frame may take.")] = 2.0
    retries: Annotated[Retries, _said("How often a frame that failed is tried again.")] = 1


class ArchiveTable(_Table, frozen=True):
    """[archive]: how long recordings are kept, and where."""

    max_bytes: Annotated[Size | None, _said("The most it may take; budget.disk if absent.")] = None
    max_age: Annotated[
        Seconds | None, _said("Recordings older than this go; none for their age if absent.")
    ] = None
    min_free: Annotated[Room, _said("What is left free on the disk for others.")] = 1 << 30
    cold: Annotated[Text | None, _said("Where old recordings move to: a folder, or s3://bucket/folder.")] = (
        None
    )


class ShotsTable(_Table, frozen=True):
    """[shots]: how snapshots are saved."""

    folder: Annotated[
        Text | None, _said('Where snapshots are saved; "shots" in the data folder if absent.')
    ] = None
    template: Annotated[Text, _said("Their names: strftime's directives and {channel.name}.")] = (
        "{channel.name} (%Y.%m.%d %H-%M-%S.%f).jpg"
    )
    pool: Annotated[Count, _said("How many are taken at a time.")] = 10
    timeout: Annotated[Seconds, _said("How long one attempt may take.")] = 10.0
    tries: Annotated[Count, _said("Attempts, the first included.")] = 2


class Config(_Table, frozen=True):
    """A station's configuration, checked. Sizes are bytes, durations seconds."""

    station: StationTable = StationTable()
    budget: BudgetTable = BudgetTable()
    web: WebTable = WebTable()
    hub: HubTable = HubTable()
    channel: tuple[ChannelTable, ...] = ()
    work: tuple[WorkTable, ...] = ()
    archive: ArchiveTable = ArchiveTable()
    shots: ShotsTable = ShotsTable()


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file, by which editors complete and check it."""
    made = _told(msgspec.json.schema(Config))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "rushes station", **made}


def _told(part: Any) -> Any:
    """As it is written in a file: with units, and without null, which TOML has not."""
    if isinstance(part, list):
        return [_told(each) for each in part]
    if not isinstance(part, dict):
        return part
    made = {key: _told(value) for key, value in part.items() if not (key == "default" and value is None)}
    choices = [each for each in made.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del made["anyOf"]
        made = {**choices[0], **made}
    if made.get("type") in ("integer", "number") and "pattern" in made:
        made["type"] = ["string", made["type"]]
    return made
