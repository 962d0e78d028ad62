"""What a station and its processes say to one another (pure).

One JSON object a line, over the child's standard streams: down go orders, up go reports. Frames never pass
here: processes meet in depots. JSON and msgspec rather than pickle, so that a line from a broken process can do
nothing worse than be refused.
"""

from __future__ import annotations

import msgspec

from rushes.station.tasks import (
    DealerTask,
    HubTask,
    RecorderTask,
    SourceTask,
    StreamerTask,
    Task,
    WebTask,
    WorkerTask,
)

__all__ = [
    "LINE_BYTES",
    "Came",
    "DealerTask",
    "Done",
    "Failed",
    "Follow",
    "Go",
    "HubTask",
    "Jobs",
    "Opened",
    "Order",
    "Ready",
    "Recorded",
    "RecorderTask",
    "Sent",
    "Serving",
    "SourceTask",
    "Stop",
    "Streamed",
    "StreamerTask",
    "Task",
    "Told",
    "Trouble",
    "Viewed",
    "ViewedEdge",
    "WebTask",
    "Word",
    "Worked",
    "WorkerTask",
]

LINE_BYTES = 4096
"""The longest line that a pipe takes whole or not at all (PIPE_BUF of Linux)."""


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Begin: the depot is there. ``start_ns`` is the deadline of tick 0 on the machine's monotonic clock."""

    start_ns: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End in good order: a source at once, who reads depots when it has had all that is there."""


class Follow(msgspec.Struct, frozen=True, tag="follow"):
    """Serve these ``channels`` (name: depot) from now on: one that is not among them any more is ended, with its final
    word, and a new one begins. ``starts``, ``figures`` and ``copies`` as in the task.
    """

    channels: dict[str, str]
    starts: dict[str, int] = {}
    figures: dict[str, str] = {}
    copies: dict[str, str] = {}


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


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera gave to the process that records it as it is coded, since that process began."""

    offered: int
    delivered: int
    dropped: dict[str, int]
    waiting: int


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag="recorded"):
    """A channel's figures since the recorder's process began: what became of what it got, ``bytes`` on the disk.

    ``depot_…``: what the depot counted for it; ``camera`` instead, where nothing is taken from a depot. ``held``: bytes
    of the whole archive, when they were last counted. The last one of an orderly end is ``final``.
    """

    channel: str
    written: int
    dropped: dict[str, int]
    waiting: int
    bytes: int
    state: str
    held: int = 0
    final: bool = False
    depot_seen: int = 0
    depot_missed: int = 0
    depot_waiting: int = 0
    camera: Came | None = None


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


class Serving(msgspec.Struct, frozen=True, tag="serving"):
    """The page, or the hub, can be reached at ``url`` from now on."""

    url: str


class ViewedEdge(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of one edge that the web process counts; ``allowed`` as on the board."""

    name: str
    source: str
    target: str
    channel: str = ""
    offered: int
    delivered: int
    dropped: dict[str, int] = {}
    waiting: int = 0
    limit: int | None = None
    allowed: tuple[str, ...] = ()


class Viewed(msgspec.Struct, frozen=True, tag="viewed"):
    """The web process's own edges, as many as a line holds: the newest figures of each replace earlier ones."""

    edges: tuple[ViewedEdge, ...]


class Jobs(msgspec.Struct, frozen=True, tag="jobs"):
    """Shots and exports that the web process makes now, and those that wait for their turn."""

    running: int
    waiting: int


class Told(msgspec.Struct, frozen=True, tag="told"):
    """Something happened that those who look at the station's terminal are to know; pages know it without."""

    text: str


class Worked(msgspec.Struct, frozen=True, kw_only=True, tag="worked"):
    """What became of a channel's frames since the dealer's process began: ``found`` came back from a worker.

    ``waiting`` are with the workers. ``depot_…``: what the depot counted for it. The last one of an orderly end is
    ``final``.
    """

    found: int
    dropped: dict[str, int]
    waiting: int
    final: bool = False
    depot_seen: int = 0
    depot_missed: int = 0
    depot_waiting: int = 0


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Something went wrong that does not end the process; ``more`` of the kind since the last one that was told."""

    text: str
    more: int = 0


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The process ends because of this; ``wrong``: it was told to do what cannot be done, by anybody, ever.

    ``elsewhere``: another process does it already, so that the station goes on without.
    """

    cause: str
    wrong: bool = False
    elsewhere: bool = False


Order = Go | Stop | Follow
Word = (
    Ready
    | Opened
    | Recorded
    | Streamed
    | Sent
    | Worked
    | Serving
    | Viewed
    | Jobs
    | Told
    | Trouble
    | Done
    | Failed
)
