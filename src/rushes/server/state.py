"""What all parts of the web process share: the station's board, its depots, its archive, and what they count.

Made before the first request and closed after the last; every route gets it as ``request.app.state.rushes``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.depot.joined import Joined
from rushes.errors import DepotError, SourceUnavailable, UnknownName, unknown_name
from rushes.jobs import JobQueue
from rushes.lifecycle import Closeable, StopToken
from rushes.server.auth import Auth
from rushes.server.edges import Edges, Glass
from rushes.server.exports import Exports
from rushes.server.fleet import Itself
from rushes.server.history import Series
from rushes.server.logins import Attempts
from rushes.server.recorded import Recorded
from rushes.server.shot_desk import ShotDesk
from rushes.station.board import BoardReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.clock import Clock
    from rushes.depot import Depot
    from rushes.server.answers import JobAnswer
    from rushes.server.fleet import Fleet
    from rushes.station.board import Board, ChannelState, EdgeState

__all__ = ["ServerState"]

_BOARD_NS = 100_000_000
"""The board changes twice a second; a page of sixteen tiles asks more often."""
_STANDS_NS = 3_000_000_000
_WORKERS = 4
_MOST_WAITING = 128
_CALL_S = 30.0
_MOST_JOBS = 200


class ServerState(Closeable):
    """The station called ``station``, seen from its web process.

    ``bind`` "HOST:PORT" is where it is served, ``data`` the station's folder, with its tokens. ``stopping`` is set
    when the process is to end: whoever waits in a handler waits for that too. Any thread may call anything here.
    """

    def __init__(self, station: str, *, bind: str, data: Path, clock: Clock = SYSTEM) -> None:
        super().__init__()
        self.station, self.bind, self.data, self.clock = station, bind, data, clock
        self.name = station
        self.started_ns = clock.wall_ns()
        self.stopping = StopToken("the web process")
        self.requests = self.sockets = 0
        """Counted on the event loop alone."""
        self.edges, self.glass, self.history = Edges(), Glass(), Series()
        self.auth, self.attempts = Auth(bind, data, clock), Attempts()
        self.depots = Joined()
        self.recorded = Recorded(self.board)
        self.work = JobQueue(_WORKERS, max_waiting=_MOST_WAITING, name="web")
        self.exports = Exports(self, data / "exports")
        self.shots = ShotDesk(self)
        self.fleet: Fleet = Itself(self)
        self._lock = threading.Lock()
        self._reader: BoardReader | None = None
        self._board: Board | None = None
        self._read_ns = 0

    def board(self) -> Board:
        """What the station shows, at most 100 ms old. SourceUnavailable when it shows nothing (yet).

        A station that died leaves its last board: its ``now_ns`` then stands still.
        """
        self._check_open()
        now_ns = self.clock.monotonic_ns()
        with self._lock:
            if self._board is None or now_ns - self._read_ns >= _BOARD_NS:
                self._board = self._look() or self._board
                self._read_ns = now_ns
            board = self._board
        if board is None:
            raise SourceUnavailable(f"station {self.station!r} is not running; start it with rushes up")
        return board

    def channel(self, name: str) -> ChannelState:
        """What the board says of one channel. UnknownName, listing those there are, when there is no such one."""
        channels = self.board().channels
        found = next((each for each in channels if each.name == name), None)
        if found is None:
            raise unknown_name("channel", name, [each.name for each in channels])
        return found

    def depot(self, channel: str) -> Depot | None:
        """The depot with the channel's frames, joined for reading; None while it has none. UnknownName as
        :meth:`channel`. The handle is shared: do not close it. It is closed under whoever uses it when the station
        replaces the depot (ClosedError: ask again).
        """
        return self.depots.get(self.channel(channel).depot)

    def figures(self, channel: str) -> Depot | None:
        """The depot with the channel's figures, as :meth:`depot`; None where nobody looks for any."""
        return self.depots.get(self.channel(channel).figures)

    def all_edges(self) -> list[EdgeState]:
        """The station's ledgers and this process's own, once each: the station shows what this process told it
        some time ago, which knows better itself.
        """
        own = self.edges.states()
        names = {each.name for each in own}
        return [each for each in self.board().edges if each.name not in names] + own

    def jobs(self) -> list[JobAnswer]:
        """Shots and exports, the newest first, at most 200."""
        both = self.shots.jobs() + self.exports.jobs()
        return sorted(both, key=lambda job: job.created, reverse=True)[:_MOST_JOBS]

    async def call(self, run: Callable[..., Any], *args: Any) -> Any:
        """What ``run(*args)`` gives, called on one of a few threads. QueueFull when too many wait for them,
        DeadlineExceeded after half a minute.
        """
        return await self.work.submit(run, *args, timeout_s=_CALL_S)

    def _look(self) -> Board | None:
        try:
            if self._reader is None:
                self._reader = BoardReader(self.station)
            board = self._reader.read()
        except UnknownName:
            return None
        except DepotError:
            board = None
        if board is None or self.clock.wall_ns() - board.now_ns > _STANDS_NS:
            # It died, and perhaps another of that name has put up a new board: the next look joins anew.
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()
        return board

    def _close(self) -> None:
        self.stopping.set()
        self.exports.close()
        self.shots.close()
        self.work.stop(timeout_s=1.0)
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        self.recorded.close()
        self.depots.close()
