"""A running station's channels as programs use them: newest picture, depot, archive, shots of any moment."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rushes.errors import ArchiveError, ClosedError, DepotError, UnknownName, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from rushes.archive import Archive
    from rushes.depot import Depot
    from rushes.frame import Frame
    from rushes.shots import Shot, ShotSaver
    from rushes.station.runner import Runner

__all__ = ["Doors", "StationChannel"]


class StationChannel:
    """One channel. Any thread may use it for as long as its station runs; after that there is no depot."""

    def __init__(self, name: str, doors: Doors) -> None:
        self.name = name
        self._doors = doors

    @property
    def state(self) -> str:
        """ "opening", "live", "late", "lost" or "stopped"."""
        return self._doors.state(self.name)

    @property
    def depot(self) -> Depot | None:
        """Its newest frames, to read; None while its source is not open. The station's to close."""
        return self._doors.depot(self.name)

    @property
    def archive(self) -> Archive | None:
        """The recordings of its station, to read; None where there are none yet. The station's to close."""
        return self._doors.archive()

    def newest(self) -> Frame | None:
        """A copy of the newest frame; None before the first."""
        depot = self.depot
        lease = None if depot is None else depot.newest()
        if lease is None:
            return None
        with lease:
            return lease.copy()

    def shot(
        self, dt: datetime | float | None = None, figures: bool = False, *, max_age_s: float | None = None
    ) -> Shot:
        """The picture of a moment as JPEG with its number and time; None is now. Waits for it.

        Raises what :meth:`ShotSaver.handle` tells: NoSuchMoment where nothing was recorded, DeadlineExceeded where
        nothing comes.
        """
        saver = self._doors.shots
        guid = saver.get(self.name, dt, figures, callback=_nobody, max_age_s=max_age_s)
        shot: Shot = saver.handle(guid).result()
        return shot

    def __repr__(self) -> str:
        return f"<StationChannel {self.name!r}>"


class Doors(Mapping[str, StationChannel]):
    """The channels of whatever ``runner`` there is at the time, by name; what they opened is closed by ``close``."""

    def __init__(self, runner: Callable[[], Runner | None]) -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._depots: dict[str, tuple[Depot, Depot]] = {}
        self._archive: Archive | None = None
        self._shots: ShotSaver | None = None

    def __getitem__(self, name: str) -> StationChannel:
        if name not in self._names():
            raise unknown_name("channel", name, self._names())
        return StationChannel(name, self)

    # Not as Mapping has these two, which ask for the item: what is not there is no mistake here.
    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def get(self, name: str, default: Any = None, /) -> Any:
        """The channel of that name, or ``default``."""
        return StationChannel(name, self) if name in self._names() else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    @property
    def shots(self) -> ShotSaver:
        """Saves pictures of these channels, by the settings of the station."""
        from rushes.shots import ShotSaver

        plan = self._running().plan.shots
        kept = self._shots
        if kept is None:
            made = ShotSaver(plan.pool, channels=self)
            # Made under no lock, for it looks at the channels here; who comes second takes the first one's.
            with self._lock:
                kept = self._shots = self._shots or made
            if kept is not made:
                made.stop()
        # Each time, for a reload may have changed them.
        kept.timeout_sec, kept.max_tries = plan.timeout_s, plan.tries
        kept.file_name_tmpl, kept.screenshots_folder = plan.template, plan.folder
        return kept

    def state(self, name: str) -> str:
        """How the channel is."""
        runner = self._runner()
        channel = None if runner is None else runner.channels.get(name)
        return "stopped" if channel is None else channel.state

    def depot(self, name: str) -> Depot | None:
        """As it is now: a reload may have replaced it."""
        from rushes.depot import Depot

        runner = self._runner()
        channel = None if runner is None else runner.channels.get(name)
        made = None if channel is None else channel.depot
        if channel is None or made is None or made.closed:
            return None
        held = self._depots.get(name)
        if held is not None and held[0] is made:
            return held[1]
        try:
            reading = Depot.attach(channel.depot_name)
        except (UnknownName, DepotError):
            return None  # it went in this moment
        with self._lock:
            other = self._depots.get(name)
            fresh = other is None or other[0] is not made
            if fresh:
                self._depots[name] = (made, reading)
        if other is not None:
            (other[1] if fresh else reading).close()
        return reading if fresh or other is None else other[1]

    def archive(self) -> Archive | None:
        """The recordings, once there are any."""
        from rushes.archive import Archive

        runner = self._runner()
        plan = None if runner is None else runner.plan.archive
        if plan is None:
            return None
        kept = self._archive
        if kept is None:
            try:
                made = Archive(plan.folder, mode="r", cold=plan.cold)
            except ArchiveError:
                return None  # its recorder has not made it yet
            with self._lock:
                kept = self._archive = self._archive or made
            if kept is not made:
                made.close()
        return kept

    def close(self) -> None:
        """Closes what was opened. Idempotent; what is asked for later is opened anew."""
        with self._lock:
            opened: list[Any] = [each for _, each in self._depots.values()]
            opened += [each for each in (self._archive,) if each is not None]
            shots, self._shots, self._archive = self._shots, None, None
            self._depots.clear()
        if shots is not None:
            shots.stop()
        for each in opened:
            each.close()

    def _names(self) -> list[str]:
        runner = self._runner()
        return [] if runner is None else list(runner.channels)

    def _running(self) -> Runner:
        runner = self._runner()
        if runner is None:
            raise ClosedError("this station does not run: start it first", name="Station")
        return runner


def _nobody(data: bytes) -> None:
    """Nobody is called: who asks waits for the result."""
