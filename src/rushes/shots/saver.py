"""Saves pictures of channels, or hands them over, in the background."""

from __future__ import annotations

import atexit
import inspect
import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import SourceError
from rushes.lifecycle import AsyncCloseable
from rushes.shots.backends import choose
from rushes.shots.desk import Desk
from rushes.shots.folder import place
from rushes.shots.landing import Landing
from rushes.shots.names import TEMPLATE
from rushes.shots.request import Moment
from rushes.shots.settings import Setting, at_least_one, callback_or_none, not_negative, positive, text
from rushes.shots.task import Task, Teller

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime
    from types import TracebackType

    from rushes.jobs import Handle
    from rushes.shots.request import Place, Shot

__all__ = ["ShotSaver"]

StateCallback = Callable[[str, str], Any]


class ShotSaver(AsyncCloseable):
    """Saves pictures of channels to files, or hands them over as bytes, in the background.

    ``pool_size`` shots are worked off at a time, of one channel two, so that a dead camera is in nobody's way.
    ``callback(task_guid, state)`` is told the states of every shot that has no callback of its own.
    ``channels``: a mapping of names to depots, sources, archives or callables
    ``(moment: datetime | None) -> Frame or JPEG bytes``; a station, or the URL of one anywhere (its token in
    $RUSHES_TOKEN); or a video server's scripting host. None is the module ``host`` where there is one, else the
    station that runs on this machine; ConfigError where there is neither, or several stations.

    Callbacks get ``in_queue``, ``saving`` and then ``success`` or ``error``, in this order, each once, on a
    thread of the saver's own or, with a host, on the host's; never before ``save`` could be called again. Equal
    shots that are on their way at the same time are taken once, and each caller gets its own file.

    Use it in a ``with`` block, or call ``stop()``. Left alone, it lets shots on their way end when the program
    does.
    """

    timeout_sec = Setting(positive, "Seconds that one attempt may take. 10.")
    buffer_ts = Setting(
        not_negative,
        "Seconds that must have passed since the moment of a shot with figures before it is taken. 0.",
    )
    max_tries = Setting(at_least_one, "Attempts to get a picture, the first included. 2.")
    callback = Setting(callback_or_none, "Told the states of every shot that has no callback of its own.")
    file_name_tmpl = Setting(text, "The name of a file when ``save`` is given none.")

    def __init__(
        self, pool_size: int = 10, callback: StateCallback | None = None, *, channels: Any = None
    ) -> None:
        super().__init__()
        self.timeout_sec = 10.0
        self.buffer_ts = 0
        self.max_tries = 2
        self.callback = callback
        self.file_name_tmpl = TEMPLATE
        self._pool_size = at_least_one("pool_size", pool_size)
        self._folder: str | None = None
        self._backend = choose(channels)
        self._desk = Desk(self._backend, self._pool_size)
        # Threads of a queue end with the program, without a word, and so would a script whose last line
        # is save().
        self._farewell = partial(_farewell, weakref.ref(self))
        atexit.register(self._farewell)

    @property
    def pool_size(self) -> int:
        """How many shots are worked off at a time; may be set at any time, those that run, run on."""
        return self._pool_size

    @pool_size.setter
    def pool_size(self, value: int) -> None:
        self._pool_size = at_least_one("pool_size", value)
        self._desk.resize(self._pool_size)

    @property
    def screenshots_folder(self) -> str:
        """Where files go when ``save`` names no folder: the host's own, else ``screenshots`` here.

        Made when the first file comes.
        """
        return str(self._backend.folder()) if self._folder is None else self._folder

    @screenshots_folder.setter
    def screenshots_folder(self, folder: str | os.PathLike[str]) -> None:
        self._folder = text("screenshots_folder", os.fspath(folder))

    def save(
        self,
        channel: str,
        dt: datetime | float | None = None,
        figures: bool = False,
        file_name: str | None = None,
        file_path: str | os.PathLike[str] | None = None,
        callback: StateCallback | None = None,
        task_guid: str | None = None,
        *,
        max_age_s: float | None = None,
    ) -> tuple[str, str]:
        """Puts the saving of a picture into the queue and returns at once: (task's guid, path of the file).

        ``dt`` None is now. ``figures`` draws them in. ``file_name`` may have strftime's directives, the fields
        ``{channel.name}``, ``{channel.guid}``, ``{server.name}``, ``{server.guid}``, and folders; its suffix
        (.jpg, .png, .bmp, .webp) is the kind of picture. ``file_path`` is a folder when it exists as one, ends
        with a separator or has no suffix; otherwise the full name. ``max_age_s`` accepts a picture that was
        captured so many seconds before the call; 0 wants one captured after it; None takes the newest there is.

        The name is made one that every file system takes, below the folder; where it is taken, " (2)" is
        added. The file is there whole with ``success``, or not at all. Raises SourceUnavailable, an
        EnvironmentError, for a channel that does not exist, ConfigError for what cannot be used, QueueFull when
        100,000 shots wait, ClosedError after ``stop()``.
        """
        self._check_open()
        found, moment = self._backend.find(channel), Moment.of(dt, SYSTEM.wall_ns())
        folder = self.screenshots_folder if file_path is None else ""
        wanted = place(folder, self.file_name_tmpl, file_name, file_path, moment.dt, found.fields)
        teller = Teller(state=callback_or_none("callback", callback) or self.callback)
        task = self._task(found, moment, figures, max_age_s, teller, task_guid)
        path = self._desk.names.hold(wanted)
        task.landing = Landing(path, self._desk.names)
        self._desk.submit(task)
        return task.guid, str(path)

    def get(
        self,
        channel: str,
        dt: datetime | float | None = None,
        figures: bool = False,
        callback: Callable[[bytes], Any] | None = None,
        *,
        max_age_s: float | None = None,
        on_error: Callable[[str, BaseException], Any] | None = None,
    ) -> str:
        """Hands the bytes of a JPEG or PNG file to ``callback``; the task's guid. As ``save``, without a file.

        ``on_error(task_guid, exception)`` is told a failure; without it the saver's own callback is told
        ``error``. Without ``callback`` the saver's own gets the bytes; one that takes two arguments gets the
        states instead, and ``handle(task_guid).result().data`` has the bytes. With neither: SourceError, which
        is an EnvironmentError.
        """
        self._check_open()
        teller = _teller_of_get(callback_or_none("callback", callback), self.callback, on_error)
        found, moment = self._backend.find(channel), Moment.of(dt, SYSTEM.wall_ns())
        task = self._task(found, moment, figures, max_age_s, teller)
        self._desk.submit(task)
        return task.guid

    async def aget(self, channel: str, dt: datetime | float | None = None, figures: bool = False) -> Shot:
        """The picture itself, awaited. Raises as ``get``, and what made it fail.

        Cancelling the wait cancels this shot, and no equal one of another caller.
        """
        self._check_open()
        found, moment = self._backend.find(channel), Moment.of(dt, SYSTEM.wall_ns())
        task = self._task(found, moment, figures, None, Teller())
        shot: Shot = await self._desk.submit(task)
        return shot

    def handle(self, task_guid: str) -> Handle:
        """The handle of a shot, whose result is a Shot.

        UnknownName when there is none; of those that have ended the last thousand are known, or fewer where
        their pictures are over 64 MiB together.
        """
        return self._desk.handle(task_guid)

    def cancel(self, task_guid: str) -> bool:
        """Gives a shot up: it ends ``error`` at once and leaves no file. False when it had ended already."""
        return self._desk.handle(task_guid).cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until all shots have ended and were told so; False when ``timeout_s`` passed first.

        With a host, whose callbacks run on its own thread, only until they have ended.
        """
        return self._desk.wait(timeout_s)

    def stop(self) -> None:
        """Ends all shots on their way as cancelled, and the threads. Final and idempotent."""
        self.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self.closed:
            self._desk.settle()
        self.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _close(self) -> None:
        atexit.unregister(self._farewell)
        self._desk.close()

    def _task(
        self,
        found: Place,
        moment: Moment,
        figures: bool,
        max_age_s: float | None,
        teller: Teller,
        task_guid: str | None = None,
    ) -> Task:
        if figures and self.buffer_ts > 0:
            # Figures reach the archive late, and a live picture has none: it is this moment that is wanted.
            moment = replace(moment, past=True)
        now_ns = moment.ns if not moment.past else SYSTEM.wall_ns()
        age_s = None if max_age_s is None or moment.past else not_negative("max_age_s", max_age_s)
        return Task(
            guid=self._backend.new_guid() if task_guid is None else task_guid,
            place=found,
            moment=moment,
            figures=bool(figures),
            not_before_ns=0 if age_s is None else now_ns - round(age_s * 1e9),
            due_ns=moment.ns + round(self.buffer_ts * 1e9) if figures else 0,
            timeout_s=self.timeout_sec,
            max_tries=self.max_tries,
            teller=teller,
            share=self._desk.shares.join(_key(found, moment, bool(figures), age_s)),
            accepts_age=bool(age_s),
        )


def _key(found: Place, moment: Moment, figures: bool, age_s: float | None) -> Hashable | None:
    """What makes two shots equal; None for one that must be newer than any other's."""
    if age_s == 0:
        return None
    return found.channel, moment.ns if moment.past else ("now", age_s), figures


def _teller_of_get(own: Any, general: Any, on_error: Any) -> Teller:
    if own is None and general is None:
        raise SourceError(
            "get has nobody to hand the picture to: pass callback=, or set the saver's callback"
        )
    failed = callback_or_none("on_error", on_error)
    if own is None and not _takes(general, 1):
        return Teller(state=general, failed=failed)
    if failed is None and general is not None and _takes(general, 2):
        failed = _states_error(general)
    return Teller(data=own or general, failed=failed)


def _states_error(general: StateCallback) -> Callable[[str, BaseException], Any]:
    return lambda guid, _: general(guid, "error")


def _takes(fn: Callable[..., Any], arguments: int) -> bool:
    try:
        inspect.signature(fn).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # built in, and does not say
        return True
    return True


def _farewell(saver: weakref.ref[ShotSaver]) -> None:
    """At the program's end: shots on their way may end as they would have, then the threads are stopped."""
    living = saver()
    if living is not None and not living.closed:
        living._desk.settle(all_told=True)  # noqa: SLF001  this module's own
        living.stop()
