"""Stretches of recordings made into files to be fetched: one at a time, few waiting, old ones removed."""

from __future__ import annotations

import itertools
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
from rushes.server.export_names import file_name, is_file_name
from rushes.server.export_telling import middle_s, told
from rushes.server.fleet_exports import fetch_export
from rushes.server.problems import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.jobs import Handle
    from rushes.server.answers import JobAnswer
    from rushes.server.state import ServerState

__all__ = ["Export", "Exports"]

_MOST_WAITING = 20
_KEPT = 50
_KEPT_BYTES = 4 << 30
_FREE_BYTES = 512 << 20
_HERE, _THERE = "made here", "made elsewhere"
# What is waited for at another station must not keep back what is made here.
_LIMITS = {_HERE: 1, _THERE: 1}


@dataclass(slots=True)
class Export:
    """One order. ``part`` is how much is done, 0 to 1; ``bytes`` what the file has; ``shown_s`` a moment of it with a
    picture. ``owner``: as the fleet says, for a channel of another station.
    """

    id: str
    channel: str
    start_s: float
    end_s: float
    path: Path
    created_s: float
    kept: bool
    figures: bool = False
    owner: tuple[str, str] | None = None
    handle: Handle | None = None
    ended_s: float | None = None
    part: float = 0.0
    bytes: int = 0
    shown_s: float | None = None
    stop: StopToken = field(default_factory=lambda: StopToken("an export"))


class Exports:
    """Writes into ``folder``, which is its own: what an earlier process left there is removed. Any thread may call."""

    def __init__(self, state: ServerState, folder: Path) -> None:
        self._state, self._folder = state, folder
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Export] = OrderedDict()
        self._queue = JobQueue(len(_LIMITS), max_waiting=_MOST_WAITING, limits=_LIMITS, name="exports")
        self._swept = False

    def order(
        self,
        channel: str,
        start_s: float,
        end_s: float,
        format: str,
        *,
        figures: bool = False,
        kept: bool = True,
    ) -> Export:
        """Begins one; ``kept`` False: it is removed with :meth:`remove` by who ordered it, and shown to nobody.

        ``figures``: with those that were kept drawn in. QueueFull when twenty wait, UnknownName for a channel that
        was never recorded, Refused when the disk is full. Of another station's channel it is made there, and kept here.
        """
        owner = self._state.fleet.owner(channel) if kept else None
        if owner is None:
            names = self._state.recorded.get().channels()
            if channel not in names:
                raise unknown_name("recorded channel", channel, names)
        self._make_room()
        id = "x" + secrets.token_hex(8)
        with self._lock:
            path = self._unused(channel, start_s, end_s, format)
            made = Export(id, channel, start_s, end_s, path, self._now_s(), kept, figures, owner)
            self._known[id] = made
        try:
            limit = _HERE if owner is None else _THERE
            made.handle = self._queue.submit(
                self._run, made, limit=limit, callback=lambda handle: self._ended(made)
            )
        except BaseException:
            with self._lock:
                del self._known[id]
            raise
        return made

    def again(self, id: str) -> Export:
        """A new one like that."""
        made = self._find(id)
        return self.order(made.channel, made.start_s, made.end_s, made.path.suffix[1:], figures=made.figures)

    def has(self, id: str) -> bool:
        """Whether it is one of these."""
        return id in self._known

    def job(self, id: str) -> JobAnswer:
        """One of them in the form that all jobs have; UnknownName for another."""
        return told(self._find(id))

    def jobs(self) -> list[JobAnswer]:
        """All that are kept, the newest first."""
        with self._lock:
            known = [each for each in reversed(self._known.values()) if each.kept]
        return [told(each) for each in known]

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

        if made.owner is None:
            exported = self._state.recorded.get().export(
                made.channel,
                made.start_s,
                made.end_s,
                made.path,
                figures=made.figures,
                progress=count,
                cancel=made.stop,
            )
            made.bytes, made.shown_s = exported.bytes, middle_s(exported.spans)
        else:
            made.bytes, made.shown_s = fetch_export(self._state, made, count)
        made.part = 1.0
        if job.cancelled:  # too late to be told, and nobody will fetch it
            made.path.unlink(missing_ok=True)

    def _ended(self, made: Export) -> None:
        made.ended_s = self._now_s()
        if made.handle is not None and made.handle.state != "success":
            made.path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        with self._lock:
            first, self._swept = not self._swept, True
            ended = [each for each in self._known.values() if each.ended_s is not None and each.kept]
        self._folder.mkdir(parents=True, exist_ok=True)
        if first:
            for left in self._folder.iterdir():
                if is_file_name(left.name):
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

    def _unused(self, channel: str, start_s: float, end_s: float, format: str) -> Path:
        """A path that no other has. Under the lock."""
        taken = {each.path for each in self._known.values()}
        paths = (
            self._folder / file_name(channel, start_s, end_s, format, turn) for turn in itertools.count(1)
        )
        return next(path for path in paths if path not in taken and not path.exists())

    def _now_s(self) -> float:
        return SYSTEM.wall_ns() / 1e9
