"""Stretches of recordings made into files to be fetched: one at a time, few waiting, old ones removed."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.clock import SYSTEM
from rushes.errors import unknown_name
from rushes.jobs import JobQueue, current_job
from rushes.lifecycle import StopToken
from rushes.server.answers import JobAnswer
from rushes.server.problems import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rushes.jobs import Handle
    from rushes.server.answers import JobState
    from rushes.server.state import ServerState

__all__ = ["Export", "Exports"]

_MOST_WAITING = 20
_KEPT = 50
_KEPT_BYTES = 4 << 30
_FREE_BYTES = 512 << 20
_STATES: Mapping[str, JobState] = {
    "in_queue": "in_queue",
    "running": "saving",
    "success": "success",
    "error": "error",
    "timed_out": "error",
    "cancelled": "cancelled",
}
_NAME = re.compile(r"x[0-9a-f]{16}\.(mp4|gif|webp)")


@dataclass(slots=True)
class Export:
    """One order. ``part`` is how much is done, 0 to 1; ``bytes`` what the file has."""

    id: str
    channel: str
    start_s: float
    end_s: float
    path: Path
    created_s: float
    kept: bool
    handle: Handle | None = None
    ended_s: float | None = None
    part: float = 0.0
    bytes: int = 0
    stop: StopToken = field(default_factory=lambda: StopToken("an export"))


class Exports:
    """Writes into ``folder``, which is its own: what an earlier process left there is removed. Any thread may call."""

    def __init__(self, state: ServerState, folder: Path) -> None:
        self._state, self._folder = state, folder
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Export] = OrderedDict()
        self._queue = JobQueue(1, max_waiting=_MOST_WAITING, name="exports")
        self._swept = False

    def order(self, channel: str, start_s: float, end_s: float, format: str, *, kept: bool = True) -> Export:
        """Begins one; ``kept`` False: it is removed with :meth:`remove` by who ordered it, and shown to nobody.

        QueueFull when twenty wait, UnknownName for a channel that was never recorded, Refused when the disk is full.
        """
        archive = self._state.recorded.get()
        names = archive.channels()
        if channel not in names:
            raise unknown_name("recorded channel", channel, names)
        self._make_room()
        id = "x" + secrets.token_hex(8)
        path = self._folder / f"{id}.{format}"
        made = Export(id, channel, start_s, end_s, path, SYSTEM.wall_ns() / 1e9, kept)
        with self._lock:
            self._known[id] = made
        try:
            made.handle = self._queue.submit(self._run, made, callback=lambda handle: self._ended(made))
        except BaseException:
            with self._lock:
                del self._known[id]
            raise
        return made

    def again(self, id: str) -> Export:
        """A new one like that."""
        made = self._find(id)
        return self.order(made.channel, made.start_s, made.end_s, made.path.suffix[1:])

    def has(self, id: str) -> bool:
        """Whether it is one of these."""
        return id in self._known

    def job(self, id: str) -> JobAnswer:
        """One of them in the form that all jobs have; UnknownName for another."""
        return _answer(self._find(id))

    def jobs(self) -> list[JobAnswer]:
        """All that are kept, the newest first."""
        with self._lock:
            known = [each for each in reversed(self._known.values()) if each.kept]
        return [_answer(each) for each in known]

    def cancel(self, id: str) -> None:
        """Gives one up, or removes what it made."""
        made = self._find(id)
        if made.handle is not None and not made.handle.done():
            made.stop.set()
            made.handle.cancel()
        else:
            self.remove(id)

    def remove(self, id: str) -> None:
        """Ends it and forgets it, file and all."""
        with self._lock:
            made = self._known.pop(id, None)
        if made is not None:
            made.stop.set()
            if made.handle is not None:
                made.handle.cancel()
            made.path.unlink(missing_ok=True)

    def file(self, id: str) -> Path:
        """Where the file is; UnknownName when there is none (yet, or any more)."""
        made = self._find(id)
        if made.handle is None or made.handle.state != "success" or not made.path.is_file():
            raise unknown_name("finished export with a file", id, ())
        return made.path

    def close(self) -> None:
        """Ends what is on its way; files stay until the next process removes them."""
        with self._lock:
            known = list(self._known.values())
        for each in known:
            each.stop.set()
        self._queue.stop(timeout_s=1.0)

    def _run(self, made: Export) -> None:
        job = current_job()
        job.on_cancel(made.stop.set)

        def count(done: int, total: int) -> None:
            made.part = done / total if total else 0.0

        exported = self._state.recorded.get().export(
            made.channel, made.start_s, made.end_s, made.path, progress=count, cancel=made.stop
        )
        made.bytes, made.part = exported.bytes, 1.0
        if job.cancelled:  # too late to be told, and nobody will fetch it
            made.path.unlink(missing_ok=True)

    def _ended(self, made: Export) -> None:
        made.ended_s = SYSTEM.wall_ns() / 1e9
        if made.handle is not None and made.handle.state != "success":
            made.path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        with self._lock:
            first, self._swept = not self._swept, True
            ended = [each for each in self._known.values() if each.ended_s is not None and each.kept]
        self._folder.mkdir(parents=True, exist_ok=True)
        if first:
            for left in self._folder.iterdir():
                if _NAME.fullmatch(left.name):
                    left.unlink(missing_ok=True)
        size = sum(each.bytes for each in ended)
        while ended and (len(ended) >= _KEPT or size > _KEPT_BYTES):
            oldest = ended.pop(0)
            size -= oldest.bytes
            self.remove(oldest.id)
        if shutil.disk_usage(self._folder).free < _FREE_BYTES:
            raise Refused(
                "the disk is almost full",
                status=503,
                remedy="delete exports that were fetched, or lower the archive's max_bytes",
                kind="DiskFull",
            )

    def _find(self, id: str) -> Export:
        with self._lock:
            made = self._known.get(id)
        if made is None:
            raise unknown_name("export", id, ())
        return made


def _answer(made: Export) -> JobAnswer:
    handle = made.handle
    told = "in_queue" if handle is None else handle.state
    state = _STATES[told]
    error = handle.exception(0) if handle is not None and state == "error" else None
    problem = problem_of(error)[1] if isinstance(error, Exception) else None
    done = state == "success"
    return JobAnswer(
        id=made.id,
        kind="export",
        channel=made.channel,
        state=state,
        tries=0 if handle is None else handle.attempt,
        created=made.created_s,
        ended=made.ended_s,
        progress=made.part,
        bytes=made.bytes,
        path=str(made.path),
        error="" if problem is None else problem.error,
        remedy="" if problem is None else problem.remedy,
        file=f"/api/jobs/{made.id}/file" if done else None,
        thumb=_thumb(made) if done else None,
        from_=made.start_s,
        to=made.end_s,
    )


def _thumb(made: Export) -> str:
    from urllib.parse import quote

    # Of the middle: the first moment asked for may lie in a pause.
    middle_s = (made.start_s + made.end_s) / 2
    return f"/api/channels/{quote(made.channel, safe='')}/at.jpg?t={middle_s:.6f}&exact=0&w=160"
