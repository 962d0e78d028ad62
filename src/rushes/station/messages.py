"""What a station and its processes say to one another (pure).

One JSON object a line, over the child's standard streams: down go orders, up go reports. Frames never pass
here: processes meet in depots. JSON and msgspec rather than pickle, so that a line from a broken process can do
nothing worse than be refused.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "LINE_BYTES",
    "Done",
    "Failed",
    "Go",
    "Opened",
    "Order",
    "ReaderTask",
    "Ready",
    "Recorded",
    "RecorderTask",
    "Report",
    "Sent",
    "SourceTask",
    "Stop",
    "Streamed",
    "StreamerTask",
    "Task",
    "Word",
]

LINE_BYTES = 4096
"""The longest line that a pipe takes whole or not at all (PIPE_BUF of Linux)."""


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every process is told when it starts: its stage's name, the depot to work on, whose child it is."""

    name: str
    depot: str
    parent: int


class SourceTask(Task, frozen=True, tag="source"):
    """Bring the frames of the source at ``uri`` into the depot as ``format``.

    ``fps`` None: as many as it gives. ``options`` are those of its kind of source.
    """

    uri: str
    format: str
    fps: float | None = None
    options: dict[str, bool | int | float | str] = {}


class ReaderTask(Task, frozen=True, tag="reader"):
    """Read every frame newer than sequence ``start``, as the depot's consumer ``name``.

    ``strips``: they are of a test card, whose strip is to show each frame's number and time.
    """

    start: int
    strips: bool = False


class RecorderTask(Task, frozen=True, tag="recorder"):
    """Record ``channels`` (name: depot) into the archive in the folder ``archive``, of at most ``max_bytes``.

    ``starts``: the sequence up to which each channel was read by the process before this one. There is a depot for
    each channel, so ``depot`` is empty.
    """

    archive: str
    max_bytes: int | None
    channels: dict[str, str]
    starts: dict[str, int] = {}


class StreamerTask(Task, frozen=True, tag="streamer"):
    """Stream ``channels`` (name: depot), each as a track of its name, over ``endpoint``. ``keys`` and ``insecure`` as
    for any streamer; ``station`` is what it is called. ``starts`` as for the recorder.
    """

    endpoint: str
    station: str
    channels: dict[str, str]
    starts: dict[str, int] = {}
    keys: str | None = None
    insecure: bool = False


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Begin: the depot is there. ``start_ns`` is the deadline of tick 0 on the machine's monotonic clock."""

    start_ns: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End in good order: a source at once, a reader when it has come to the sequence ``head``."""

    head: int = -1


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The process has imported what it needs."""


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """A source is there and gives pictures of this size, ``fps`` a second; ``backend`` says by which way."""

    width: int
    height: int
    fps: float
    backend: str = ""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A source has no more, for this reason: the orderly end of its stage."""

    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A reader's figures since its process began; ``ages_s`` since its last report.

    ``seen`` frames by its own count, strips ``read``, ``wrong`` ones among them, frames out of order. The
    last report of an orderly end is ``final`` and holds what the depot counted for this reader.
    """

    final: bool = False
    seen: int = 0
    read: int = 0
    wrong: int = 0
    disordered: int = 0
    ages_s: tuple[float, ...] = ()
    depot_seen: int = 0
    depot_missed: int = 0
    depot_waiting: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag="recorded"):
    """A channel's figures since the recorder's process began: what became of what it got, ``bytes`` on the disk.

    ``depot_…``: what the depot counted for it. The last one of an orderly end is ``final``.
    """

    channel: str
    written: int
    dropped: dict[str, int]
    waiting: int
    bytes: int
    state: str
    final: bool = False
    depot_seen: int = 0
    depot_missed: int = 0
    depot_waiting: int = 0


class Streamed(msgspec.Struct, frozen=True, kw_only=True, tag="streamed"):
    """What a channel's depot counted for the streamer's process. The last one of an orderly end is ``final``.

    A word for each channel, because one for many would not be a line that a pipe takes whole.
    """

    channel: str
    depot_seen: int
    depot_missed: int
    depot_waiting: int
    final: bool = False


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="sent"):
    """What became of the frames of all channels since the streamer's process began, ``bytes`` on the wire, and how
    many receivers there are. It follows the :class:`Streamed` of each channel, never without one of them.
    """

    sent: int
    dropped: dict[str, int]
    waiting: int
    bytes: int
    peers: int
    final: bool = False


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The process ends because of this; ``wrong``: it was told to do what cannot be done, by anybody, ever.

    ``elsewhere``: another process does it already, so that the station goes on without.
    """

    cause: str
    wrong: bool = False
    elsewhere: bool = False


Order = Go | Stop
Word = Ready | Opened | Report | Recorded | Streamed | Sent | Done | Failed
