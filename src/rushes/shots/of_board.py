"""Pictures of a station of this machine: live ones out of its depots, earlier ones out of its archive.

The station need not help: what it shows on its board says where its pictures lie. Stations stand above this layer
and archives beside it, so both are looked up by name when they are wanted.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rushes.depot.joined import Joined
from rushes.errors import ArchiveError, ClosedError, ConfigError, DeadlineExceeded, SourceUnavailable
from rushes.shots import of_depot
from rushes.shots.backends import Hostless, no_channel
from rushes.shots.mapped import of_archive
from rushes.shots.of_fleet import FleetBackend
from rushes.shots.of_frame import check_wanted
from rushes.shots.request import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.depot import Depot
    from rushes.shots.request import Ask, Picture

__all__ = ["BoardBackend", "running_station"]

_FIGURES_NS = 2_000_000_000
_STALE_NS = 5_000_000_000
_SLICE_S = 0.05


class BoardBackend(Hostless):
    """Answers for the channels on a board: ``look()`` gives the board now, ``depot(name)`` joins a depot or gives
    None, ``archive()`` gives the open archive or None. ``end()`` gives all that back.
    """

    def __init__(
        self,
        look: Callable[[], Any],
        depot: Callable[[str], Depot | None],
        archive: Callable[[], Any],
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._look, self._depot, self._archive, self._end = look, depot, archive, end

    def find(self, channel: str) -> Place:
        """As the protocol says."""
        board = self._look()
        if all(each.name != channel for each in board.channels):
            raise no_channel(channel, [each.name for each in board.channels])
        return Place.named(channel, str(board.station), keeps_time=True)

    def take(self, ask: Ask) -> Picture:
        """As the protocol says."""
        end_s = time.monotonic() + ask.timeout_s
        while True:
            try:
                return self._now(ask, end_s) if ask.dt is None else self._then(ask)
            except ClosedError:  # the station made the depot anew while it was being looked at
                check_wanted(ask)
                if time.monotonic() >= end_s:
                    raise

    def close(self) -> None:
        """Lets go of the station."""
        self._end()

    def _now(self, ask: Ask, end_s: float) -> Picture:
        depot = self._waited_depot(ask, end_s)
        left_s = max(0.0, end_s - time.monotonic())
        seen = _Marked(depot, self._figures(ask)) if ask.figures else depot
        return of_depot.newest(seen, replace(ask, timeout_s=left_s))

    def _then(self, ask: Ask) -> Picture:
        depot, archive = self._depot(self._channel(ask).depot), self._archive()
        if archive is None:
            if depot is None:
                raise SourceUnavailable(f"{ask.channel}: its source is not open", uri=ask.channel)
            return of_depot.of_moment(depot, ask)
        # The newest second is in the depot before it is in a file, and needs no decoding there.
        held = None if depot is None else of_depot.sure_of_moment(depot, ask)
        return of_archive(archive, ask) if held is None else held

    def _waited_depot(self, ask: Ask, end_s: float) -> Depot:
        """A source that is just being opened has no depot yet."""
        gone = threading.Event()
        ask.token.on_cancel(gone.set)
        while True:
            channel = self._channel(ask)
            depot = self._depot(channel.depot)
            if depot is not None:
                return depot
            check_wanted(ask)
            if time.monotonic() >= end_s:
                why = f" ({channel.why})" if channel.why else ""
                raise DeadlineExceeded(
                    f"{ask.channel} has no pictures: it is {channel.state}{why}", timeout_s=ask.timeout_s
                )
            gone.wait(_SLICE_S)

    def _figures(self, ask: Ask) -> Depot | None:
        return self._depot(self._channel(ask).figures)

    def _channel(self, ask: Ask) -> Any:
        for each in self._look().channels:
            if each.name == ask.channel:
                return each
        raise SourceUnavailable(f"{ask.channel}: the station has no such channel any more", uri=ask.channel)


class _Marked:
    """A depot whose newest frame carries the figures that another depot has of it, or of just before it."""

    def __init__(self, depot: Depot, figures: Depot | None) -> None:
        self._depot, self._figures = depot, figures

    def newest(self) -> Any:
        return self._marked(self._depot.newest())

    def next(self, after_sequence: int, *, timeout_s: float) -> Any:
        return self._marked(self._depot.next(after_sequence, timeout_s=timeout_s))

    def _marked(self, lease: Any) -> Any:
        return None if lease is None else _MarkedLease(lease, self._figures)


class _MarkedLease:
    def __init__(self, lease: Any, figures: Depot | None) -> None:
        self._lease, self._figures = lease, figures
        self.captured_ns: int = lease.captured_ns
        self.sequence: int = lease.sequence

    def __enter__(self) -> _MarkedLease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._lease.release()

    def copy(self) -> Any:
        frame = self._lease.copy()
        found = None if self._figures is None else self._figures.newest()
        if found is None:
            return frame
        with found:
            if abs(frame.captured_ns - found.captured_ns) > _FIGURES_NS:
                return frame
            return replace(frame, figures=found.copy().figures)


def running_station() -> FleetBackend:
    """The one station that runs on this machine, and what it knows of others. ConfigError, with the remedy, when
    there is none or several.
    """
    board_module = importlib.import_module("rushes.station.board")
    now_ns = time.time_ns()
    boards = [each for each in board_module.running_stations() if now_ns - each.now_ns < _STALE_NS]
    if not boards:
        raise ConfigError(
            "there is no module host to import here, and no station runs on this machine: start one with rushes "
            "up, or pass channels= a mapping of names to depots, sources, archives or callables, a station's URL, "
            "or a host object with screenshot_v2",
            option="channels",
        )
    # A program that runs a station itself means that one.
    own = [each for each in boards if each.pid == os.getpid()]
    boards = own or boards
    if len(boards) > 1:
        listed = ", ".join(f"{each.station} {each.web}".strip() for each in boards)
        raise ConfigError(
            f"several stations run on this machine ({listed}): pass channels= the URL of one",
            option="channels",
        )
    return _of_station(board_module, boards[0].station)


def _of_station(board_module: Any, name: str) -> FleetBackend:
    reader = board_module.BoardReader(name)
    joined, opened = Joined(), _Opened()

    def look() -> Any:
        board = reader.read()
        if board is None:
            raise SourceUnavailable(f"station {name!r} shows nothing yet", uri=name)
        return board

    def end() -> None:
        joined.close()
        opened.close()
        reader.close()

    def archive() -> Any:
        board = look()
        return opened.get(board.archive, board.cold)

    near = BoardBackend(look, joined.get, archive, end)
    return FleetBackend(near, lambda: str(look().web))


class _Opened:
    """The station's archive, opened once there is something in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._archive: Any = None

    def get(self, path: str | None, cold: str | None) -> Any:
        with self._lock:
            if self._archive is None and path is not None:
                try:
                    archive = importlib.import_module("rushes.archive").Archive
                    self._archive = archive(path, mode="r", cold=cold)
                except ArchiveError as error:
                    if type(error) is not ArchiveError:  # it is there, and cannot be used
                        raise
            return self._archive

    def close(self) -> None:
        with self._lock:
            archive, self._archive = self._archive, None
        if archive is not None:
            archive.close()
