"""The shots ordered by HTTP: taken by a shot saver of the web process's own, and remembered until there are many."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import QueueFull, RushesError, UnknownName, unknown_name
from rushes.server.answers import JobAnswer, ShotAnswer
from rushes.server.fleet_shots import AllStations
from rushes.server.problems import problem_of
from rushes.shots import ShotSaver

if TYPE_CHECKING:
    from rushes.server.answers import JobState
    from rushes.server.state import ServerState
    from rushes.shots import Shot

__all__ = ["ShotDesk"]

_KEPT = 300
_MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class _Order:
    guid: str
    channel: str
    t_s: float | None
    figures: bool
    file_name: str | None
    path: str
    created_s: float
    state: JobState = "in_queue"
    ended_s: float | None = None


class ShotDesk:
    """Any thread may call. Opens its saver with the first order, as the board has the settings by then."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._saver: ShotSaver | None = None
        self._orders: OrderedDict[str, _Order] = OrderedDict()

    def order(
        self, channel: str, t_s: float | None, *, figures: bool = False, file_name: str | None = None
    ) -> ShotAnswer:
        """Begins a shot. UnknownName for a channel that is none, ConfigError for a name that cannot be used,
        QueueFull when 200 are on their way.
        """
        if self._state.fleet.owner(channel) is None:
            self._state.channel(channel)
        saver = self._opened()
        guid = secrets.token_urlsafe(12)
        made = _Order(guid, channel, t_s, figures, file_name, "", SYSTEM.wall_ns() / 1e9)
        with self._lock:
            if sum(each.ended_s is None for each in self._orders.values()) >= _MOST_WAITING:
                raise QueueFull(f"{_MOST_WAITING} shots are on their way", limit=_MOST_WAITING)
            self._orders[guid] = made
        try:
            _, path = saver.save(channel, t_s, figures, file_name, callback=self._heard, task_guid=guid)
        except BaseException:
            with self._lock:
                del self._orders[guid]
            raise
        with self._lock:
            now = self._orders[guid] = replace(self._orders[guid], path=path)
            ended = [each.guid for each in self._orders.values() if each.ended_s is not None]
            for old in ended[: max(0, len(self._orders) - _KEPT)]:
                del self._orders[old]
        return self._answer(now)

    def again(self, guid: str) -> ShotAnswer:
        """A new shot like that one."""
        order = self._find(guid)
        return self.order(order.channel, order.t_s, figures=order.figures, file_name=order.file_name)

    def get(self, guid: str) -> ShotAnswer:
        """One of them; UnknownName for another."""
        return self._answer(self._find(guid))

    def all(self) -> list[ShotAnswer]:
        """The newest first."""
        return [self._answer(each) for each in self._newest()]

    def jobs(self) -> list[JobAnswer]:
        """The same in the form that all jobs have."""
        return [self.job(each.guid) for each in self._newest()]

    def job(self, guid: str) -> JobAnswer:
        """One of them in that form."""
        order = self._find(guid)
        taken, error, tries = self._outcome(order)
        problem = None if error is None else problem_of(error)[1]
        done = order.state == "success" and taken is not None
        return JobAnswer(
            id=guid,
            kind="shot",
            channel=order.channel,
            state=order.state,
            tries=tries,
            created=order.created_s,
            ended=order.ended_s,
            progress=1.0 if order.state == "success" else 0.0,
            bytes=len(taken.data) if taken is not None else 0,
            path=order.path,
            error="" if problem is None or order.state == "cancelled" else problem.error,
            remedy="" if problem is None or order.state == "cancelled" else problem.remedy,
            thumb=f"/api/jobs/{guid}/file?w=160" if done else None,
            file=f"/api/jobs/{guid}/file" if done else None,
            t=order.t_s,
        )

    def cancel(self, guid: str) -> None:
        """Gives one up. What has ended stays as it was."""
        order = self._find(guid)
        if order.ended_s is None and self._saver is not None and self._saver.cancel(guid):
            with self._lock:
                if guid in self._orders:
                    self._orders[guid] = replace(
                        self._orders[guid], state="cancelled", ended_s=SYSTEM.wall_ns() / 1e9
                    )

    def file(self, guid: str) -> Path:
        """Where the picture is. UnknownName when there is none (yet, or any more)."""
        order = self._find(guid)
        path = Path(order.path)
        if order.state != "success" or not path.is_file():
            raise unknown_name("finished shot with a file", guid, ())
        return path

    def close(self) -> None:
        """Ends what is on its way."""
        with self._lock:
            saver, self._saver = self._saver, None
        if saver is not None:
            saver.stop()

    def _opened(self) -> ShotSaver:
        with self._lock:
            if self._saver is None:
                told = self._state.board().shots
                saver = ShotSaver(int(told.get("pool", 4)), channels=AllStations(self._state))
                saver.screenshots_folder = str(told.get("folder") or self._state.data / "shots")
                saver.timeout_sec = float(told.get("timeout", 10.0))
                saver.max_tries = int(told.get("tries", 2))
                if told.get("template"):
                    saver.file_name_tmpl = str(told["template"])
                self._saver = saver
            return self._saver

    def _heard(self, guid: str, told: str) -> None:
        with self._lock:
            order = self._orders.get(guid)
            if order is None or order.state == "cancelled":
                return
            now: JobState = next(each for each in _STATES if each == told)
            ended_s = SYSTEM.wall_ns() / 1e9 if now in ("success", "error") else None
            self._orders[guid] = replace(order, state=now, ended_s=ended_s)

    def _find(self, guid: str) -> _Order:
        with self._lock:
            order = self._orders.get(guid)
        if order is None:
            raise unknown_name("shot", guid, ())
        return order

    def _newest(self) -> list[_Order]:
        with self._lock:
            return list(reversed(self._orders.values()))

    def _outcome(self, order: _Order) -> tuple[Shot | None, Exception | None, int]:
        """(the shot, why there is none, tries so far), as far as they are known."""
        saver = self._saver
        if saver is None:
            return None, None, 0
        try:
            handle = saver.handle(order.guid)
        except UnknownName:
            return None, None, 0
        if not handle.done():
            return None, None, handle.attempt
        try:
            return handle.result(0), None, handle.attempt
        except (RushesError, OSError, ValueError) as error:
            return None, error, handle.attempt

    def _answer(self, order: _Order) -> ShotAnswer:
        taken, error, _ = self._outcome(order)
        return ShotAnswer(
            guid=order.guid,
            path=order.path,
            state=order.state,
            channel=order.channel,
            t=order.t_s,
            error="" if error is None or order.state == "cancelled" else problem_of(error)[1].error,
            frame_number=None if taken is None else taken.frame_number,
            captured=None if taken is None else taken.captured_ns / 1e9,
            age=None if taken is None else taken.age_s,
        )


_STATES: tuple[JobState, ...] = ("in_queue", "saving", "success", "error")
