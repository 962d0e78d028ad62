"""Where shots are worked off: a job queue, and the book of who still waits for what."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError, JobCancelled, unknown_name
from rushes.jobs import JobQueue, current_job
from rushes.shots.files import verified
from rushes.shots.folder import Names
from rushes.shots.recent import Recent
from rushes.shots.request import Ask, Shot
from rushes.shots.share import Shares
from rushes.shots.task import NotDue, TryAgain

if TYPE_CHECKING:
    from rushes.jobs import Handle
    from rushes.shots.backends import Backend
    from rushes.shots.request import Picture, Token
    from rushes.shots.share import Share
    from rushes.shots.task import Task

__all__ = ["Desk"]

PER_CHANNEL = 2
"""How many shots of one channel run at a time: one that hangs leaves room for another try."""
MAX_WAITING = 100_000
GRACE_S = 0.25
"""How much longer than its own time-out a back end that keeps the time gets, before the queue gives it up."""
KEPT_SHOTS, KEPT_BYTES = 1000, 64 << 20


class Desk:
    """Works off the shots of one saver, ``pool_size`` at a time and two of a channel."""

    def __init__(self, backend: Backend, pool_size: int) -> None:
        self.backend = backend
        self.names = Names()
        self.shares = Shares()
        self._recent = Recent()
        self._queue = JobQueue(pool_size, max_waiting=MAX_WAITING, limits=PerChannel(), name="shots")
        self._change = threading.Condition()
        self._living: dict[str, Task] = {}
        self._untold: set[Task] = set()
        self._finished = Finished()
        self._closed = False

    def submit(self, task: Task) -> Handle:
        """Puts the shot into the queue.

        Raises ConfigError for a guid that a living shot has, QueueFull when 100,000 wait, ClosedError after
        the end.
        """
        try:
            self._admit(task)
            handle = self._queue.submit(
                self._run,
                task,
                limit=task.place.channel,
                timeout_s=task.timeout_s + GRACE_S if task.place.keeps_time else task.timeout_s,
                retry=TryAgain(task),
                on_state=lambda handle, state: self._news(task, handle, state),
                deliver=self.backend.deliver,
            )
        except BaseException:  # whatever refused it, nothing of it may stay behind
            self._forget(task)
            raise
        with self._change:
            task.handle = handle
            self._change.notify_all()
        handle.when_done(lambda: self._ended(task, handle))
        return handle

    def _admit(self, task: Task) -> None:
        with self._change:
            if self._closed:
                raise ClosedError("this shot saver is stopped", name="ShotSaver")
            if task.guid in self._living:
                raise ConfigError(f"there is already a shot {task.guid!r} on its way", option="task_guid")
            self._living[task.guid] = task
            self._untold.add(task)

    def resize(self, pool_size: int) -> None:
        """So many at a time from now on; those that run, run on."""
        self._queue.resize(pool_size)

    def handle(self, guid: str) -> Handle:
        """The handle of a shot on its way, or of one of the last thousand."""
        with self._change:
            task = self._living.get(guid)
            if task is not None:  # its first callback may be sooner than the handle is written down
                self._change.wait_for(lambda: task.handle is not None or guid not in self._living)
            handle = self._finished.get(guid) if task is None else task.handle
            known = () if handle is not None else tuple(self._living)[:10]
        if handle is None:
            raise unknown_name("shot on its way or lately ended", guid, known)
        return handle

    def wait(self, timeout_s: float | None) -> bool:
        """Waits until no shot is on its way, and all are told; False when ``timeout_s`` passed first.

        Callbacks on a host's own thread are not waited for: it may be the one that waits here.
        """
        with self._change:
            return self._change.wait_for(lambda: not self._open(), timeout_s)

    def settle(self, *, all_told: bool = False) -> None:
        """Waits for the shots on their way as long as any of them still ends in the time that one may take.

        ``all_told``: a host's callbacks are waited for too, a second each.
        """
        with self._change:
            while before := self._open(all_told=all_told):
                patience_s = max((task.patience_s() for task in self._living.values()), default=1.0)

                def progress(before: int = before) -> bool:
                    return self._open(all_told=all_told) < before

                if not self._change.wait_for(progress, patience_s):
                    return

    def close(self) -> None:
        """Ends every shot on its way as cancelled, and the threads."""
        with self._change:
            self._closed = True
        self._queue.stop()
        self.backend.close()

    def _open(self, *, all_told: bool = False) -> int:
        told_here = all_told or self.backend.deliver is None
        return len(self._living) + (len(self._untold) if told_here else 0)

    # On a worker.

    def _run(self, task: Task) -> Shot:
        if task.wait_s() > 0:
            raise NotDue
        token = current_job()
        found = self._remembered(task)
        picture = self._picture(task, token) if found is None else found[0]
        try:
            data = self._encoded(task, picture) if found is None else found[1]
            return _handed_over(task, picture, data, token)
        except Exception:
            task.lasting = True
            raise

    def _remembered(self, task: Task) -> tuple[Picture, bytes] | None:
        if not task.accepts_age:
            return None
        return self._recent.find(task.place.channel, task.figures, task.not_before_ns, task.suffix)

    def _picture(self, task: Task, token: Token) -> Picture:
        picture = self._shared(task, token)
        if picture.captured_ns < task.not_before_ns:
            # It was on its way before this one was asked for, and is too old for it.
            self._ask_alone(task)
            picture = self._shared(task, token)
        return picture

    def _ask_alone(self, task: Task) -> None:
        with self._change:
            if task.over:  # whoever ended it has left its share for it, and would not see another
                raise JobCancelled("nobody waits for this shot any more", reason="on request")
            before, task.share = task.share, self.shares.join(None)
        self.shares.leave(before)

    def _shared(self, task: Task, token: Token) -> Picture:
        share = task.share
        try:
            picture = share.get(
                task,
                token,
                task.max_tries,
                task.timeout_s,
                lambda: verified(self.backend.take(_ask(task, token))),
            )
        except Exception:
            # Who asks for a "now" after this one has the channel asked again; a moment of the past stays as it was.
            if share.spent(task.max_tries) and not task.moment.past:
                self.shares.part(share)
            raise
        if not task.moment.past:
            self.shares.part(share)
        return picture

    def _encoded(self, task: Task, picture: Picture) -> bytes:
        data = task.share.encoded(picture, task.suffix)
        if picture.source == "live" and not task.moment.past:
            self._recent.keep(task.place.channel, task.figures, picture, data, task.suffix)
        return data

    # When a handle has ended, on whatever thread ended it.

    def _ended(self, task: Task, handle: Handle) -> None:
        error = handle.exception(0)
        share = self._over(task)
        if handle.state == "timed_out" and error is not None:
            share.give_up(task, error)
            self.shares.part(share)
        elif handle.state == "cancelled":
            share.pass_on(task)
        self._forget(task, handle)

    def _over(self, task: Task) -> Share:
        """Its share, which is no longer changed for another."""
        with self._change:
            task.over = True
            return task.share

    def _news(self, task: Task, handle: Handle, state: str) -> None:
        task.on_state(handle, state)
        if handle.done() and state not in ("in_queue", "running"):
            with self._change:
                self._untold.discard(task)
                self._change.notify_all()

    def _forget(self, task: Task, handle: Handle | None = None) -> None:
        self.shares.leave(self._over(task))
        if task.landing is not None:
            success = handle is not None and handle.state == "success"
            task.landing.keep() if success else task.landing.give_up()
        with self._change:
            if self._living.get(task.guid) is task:
                del self._living[task.guid]
            if handle is not None:
                self._finished.add(task.guid, handle)
            else:
                self._untold.discard(task)
            self._change.notify_all()


class PerChannel(dict[str, int]):
    """The limit of every channel there is or will be."""

    def __bool__(self) -> bool:
        return True  # empty, and yet not without limits

    def __missing__(self, channel: str) -> int:
        return PER_CHANNEL


class Finished:
    """Handles of shots that have ended, for who asks later: a thousand, or 64 MiB of pictures."""

    def __init__(self) -> None:
        self._handles: OrderedDict[str, tuple[Handle, int]] = OrderedDict()
        self._bytes = 0

    def add(self, guid: str, handle: Handle) -> None:
        """The oldest go when there are too many."""
        self._bytes -= self._handles.pop(guid, (handle, 0))[1]
        size = 0 if handle.exception(0) is not None else len(handle.result(0).data)
        self._handles[guid] = (handle, size)
        self._bytes += size
        while len(self._handles) > KEPT_SHOTS or self._bytes > KEPT_BYTES:
            self._bytes -= self._handles.popitem(last=False)[1][1]

    def get(self, guid: str) -> Handle | None:
        """None when it is not known any more."""
        return self._handles.get(guid, (None, 0))[0]


def _handed_over(task: Task, picture: Picture, data: bytes, token: Any) -> Shot:
    token.check()
    path = ""
    if task.landing is not None:
        task.landing.write(data)
        path = str(task.landing.path)
    age_s = (SYSTEM.wall_ns() - picture.captured_ns) / 1e9
    return Shot(data, picture.number, picture.captured_ns, age_s, picture.source, picture.figures, path)


def _ask(task: Task, token: Token) -> Ask:
    dt = task.moment.dt if task.moment.past else None
    return Ask(
        task.place.channel, dt, task.moment.ns, task.figures, task.not_before_ns, task.timeout_s, token
    )
