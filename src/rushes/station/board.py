"""What a running station shows to programs that look at it: its board, in shared memory.

The board is a depot of a few slots that holds JSON, made by the station's own process twice a second. Whoever may
see the station's pictures may read it, nothing is left of it when the station dies, and a reader knows at once that
it has died. Rejected: a file (it outlives its writer, and says nothing of that) and a socket (a slow reader would
be the station's trouble).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from rushes.depot import Depot, list_depots
from rushes.errors import BadMessage, ConfigError, DepotError, FrameError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BOARD_BYTES",
    "Board",
    "BoardReader",
    "BoardWriter",
    "ChannelState",
    "ConfigLine",
    "EdgeState",
    "News",
    "StageState",
    "running_stations",
    "runs",
]

BOARD_BYTES = 1 << 18
"""Room for the board of some hundred channels."""
_SUFFIX = "-board"
_SLOTS = 4


class _Plain(msgspec.Struct, frozen=True, kw_only=True):
    """Unknown keys are let through: a newer station may be looked at by an older program."""


class ChannelState(_Plain, frozen=True):
    """One channel now. ``state``: "opening", "live", "late", "lost" or "stopped", ``why`` in words, since ``since_ns``.

    ``source`` is its address without a password. ``depot`` has its frames, ``figures`` those that workers found
    (a depot of its own, whose frames carry figures and hardly a picture); empty: nobody looks for any.
    Ages in seconds, over the last seconds.
    """

    name: str
    source: str
    state: str
    why: str = ""
    since_ns: int = 0
    fps: float = 0.0
    fps_target: float = 0.0
    width: int = 0
    height: int = 0
    format: str = "i420"
    backend: str = ""
    age_p50_s: float = 0.0
    age_p95_s: float = 0.0
    depot: str = ""
    slots: int = 0
    held: int = 0
    slot_bytes: int = 0
    recorded: bool = False
    figures: str = ""


class StageState(_Plain, frozen=True):
    """One process's line of work. ``kind``: "source", "dealer" (it deals frames out to those of "work"), "work",
    "recorder", "streamer", "web" or "hub".

    ``state``: "running", "restarting", "failing" (it died over and over, and is tried again each half minute),
    "failed" (it is not) or "done"; ``cause``: why its last process ended. ``channel`` is empty for one that serves
    all. ``cpu_s`` is the processor time of the process that does it now.
    """

    name: str
    kind: str
    channel: str = ""
    pid: int | None = None
    state: str = "running"
    restarts: int = 0
    cause: str = ""
    cpu_s: float = 0.0
    rss_bytes: int = 0


class EdgeState(_Plain, frozen=True):
    """The ledger of one edge from ``source`` to ``target`` (names of stages, channels, or "archive", "wire").

    ``allowed``: the reasons for dropping that its policy permits; what was dropped for another is a loss.
    """

    name: str
    source: str
    target: str
    channel: str = ""
    offered: int = 0
    delivered: int = 0
    dropped: dict[str, int] = {}
    waiting: int = 0
    limit: int | None = None
    allowed: tuple[str, ...] = ()


class ConfigLine(_Plain, frozen=True):
    """One setting as read: ``value`` as text with secrets masked, ``where`` like "station.toml:14" or "default"."""

    section: str
    key: str
    value: str
    where: str = "default"


class News(_Plain, frozen=True):
    """Something that happened."""

    at_ns: int
    text: str


class Board(_Plain, frozen=True):
    """A station at one moment, ``now_ns`` by its own clock. Budgets in bytes, None where there is none.

    ``memory_bytes`` is what the depots of all channels take, and its budget what they may; ``processes_bytes`` the
    memory of all processes, what they share counted once, depots among it.
    ``archive`` is the folder of its recordings, ``cold`` the address of the store that old ones move to, which has no
    secrets in it.
    """

    station: str
    pid: int
    started_ns: int
    now_ns: int
    channels: tuple[ChannelState, ...] = ()
    stages: tuple[StageState, ...] = ()
    edges: tuple[EdgeState, ...] = ()
    archive: str | None = None
    cold: str | None = None
    memory_bytes: int = 0
    memory_budget: int | None = None
    processes_bytes: int = 0
    disk_bytes: int = 0
    disk_budget: int | None = None
    web: str = ""
    shots: dict[str, str | int | float] = {}
    config: tuple[ConfigLine, ...] = ()
    news: tuple[News, ...] = ()


class BoardWriter:
    """The one who keeps the board of ``station``. DepotError when a station of that name runs on this machine."""

    def __init__(self, station: str) -> None:
        self._depot = Depot.create(
            station + _SUFFIX, slots=_SLOTS, slot_bytes=BOARD_BYTES, replace="stale", when_full="drop_oldest"
        )
        self._encode = msgspec.json.Encoder().encode

    def show(self, board: Board) -> None:
        """Replaces what is shown. FrameError when it has grown beyond :data:`BOARD_BYTES`."""
        self._depot.put(np.frombuffer(self._encode(board), np.uint8))

    def close(self) -> None:
        """Takes the board down. Idempotent."""
        if not self._depot.closed:
            self._depot.unlink()
            self._depot.close()


class BoardReader:
    """Looks at the board of ``station``, waiting up to ``wait_s`` for it. UnknownName when there is none."""

    def __init__(self, station: str, *, wait_s: float = 0.0) -> None:
        self._depot = Depot.attach(station + _SUFFIX, wait_s=wait_s)
        self._decode = msgspec.json.Decoder(Board).decode

    def read(self) -> Board | None:
        """What it shows; None before the first. BadMessage when it cannot be read. A dead station's last board is
        still there: look at ``now_ns``.
        """
        lease = self._depot.newest()
        if lease is None:
            return None
        with lease:
            try:
                return self._decode(lease.array.tobytes())
            except msgspec.MsgspecError as error:
                raise BadMessage(f"the station's board cannot be read: {error}") from error

    def close(self) -> None:
        """Lets go of it. Idempotent."""
        self._depot.close()


def runs(station: str) -> bool:
    """Whether a station of that name runs on this machine."""
    return any(each.name == station + _SUFFIX and each.alive for each in list_depots())


def running_stations() -> list[Board]:
    """The stations that run on this machine, as far as this user may see them."""
    return [board for board in _boards(each.name for each in list_depots()) if board is not None]


def _boards(names: Iterable[str]) -> Iterable[Board | None]:
    for name in names:
        if name.endswith(_SUFFIX):
            try:
                reader = BoardReader(name.removesuffix(_SUFFIX))
            except (UnknownName, DepotError, ConfigError):
                continue  # it went in this moment, or is another's
            try:
                yield reader.read()
            except (BadMessage, DepotError, FrameError):
                continue  # a depot that only happens to be called so
            finally:
                reader.close()
