"""The archive as its users see it: records channels, and gives any picture of any moment."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.archive.cold import ColdStore
from rushes.archive.database import Database
from rushes.archive.export import export
from rushes.archive.fetch import Fetch
from rushes.archive.index import Index
from rushes.archive.keeper import Keeper
from rushes.archive.lock import writer_lives
from rushes.archive.reader import Reader
from rushes.archive.records import ArchiveStats
from rushes.archive.retention import Limits
from rushes.archive.rolling import Plan
from rushes.archive.strip import thumbnails
from rushes.archive.verify import verify
from rushes.clock import SYSTEM
from rushes.errors import ArchiveError, ConfigError, unknown_name
from rushes.figures import to_plain
from rushes.lifecycle import AsyncCloseable, ProcessBound
from rushes.moments import to_ns

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from rushes.archive.recording import Recording
    from rushes.archive.records import Exported, FigureSpan, PruneReport, Span, VerifyReport
    from rushes.archive.recovery import Recovered
    from rushes.figures import Figure
    from rushes.frame import Frame
    from rushes.lifecycle import StopToken

    Moment = datetime | float

__all__ = ["Archive"]

MODES = ("rw", "r")
# A moment given in whole microseconds means any nanosecond of that microsecond.
_WITHIN_NS = 999
_FOREVER_NS = 1 << 62


class Archive(ProcessBound, AsyncCloseable):
    """Recordings of any number of channels in the folder ``path``, and any picture of any moment in them.

    ``mode``: "rw" records, and makes the folder; there is one at a time, a second one raises ArchiveError that
    names the first. "r" only reads, in any number of processes, also while the one writes, and from a folder that
    cannot be written to.

    ``max_bytes`` and ``max_age_s`` bound what is kept, ``keep_s`` channels that are kept for less, and
    ``min_free_bytes`` is left free on the disk: the oldest go first, before there is no room. ``cold``: where
    recordings older than ``cold_after_s`` move to: an address such as "s3://bucket/folder", or a folder; they can be
    read there as before, and for want of room the oldest move there instead of being deleted. ``cache_bytes`` bounds
    decoded pictures kept for who steps to and fro.

    After a crash, opening for writing looks through the files that were being written and keeps all whole groups
    of pictures; ``recovered`` tells what was found. A moment is an aware or naive (local) datetime or a UTC
    timestamp in seconds. Any thread may call. Raises ConfigError for wrong options, ArchiveCorrupt for an index
    that cannot be used, ArchiveError in mode "r" when there is no archive. An object inherited by fork is of no
    use in the child: open another there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        max_age_s: float | None = None,
        min_free_bytes: int = 1 << 30,
        cold: str | None = None,
        mode: str = "rw",
        cold_after_s: float = 86400.0,
        cache_bytes: int = 96 << 20,
        keep_s: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise unknown_name("mode of an archive", mode, MODES)
        limits = Limits(max_bytes, max_age_s, min_free_bytes, dict(keep_s or {}))
        self.path, self.mode = Path(path), mode
        self.name = str(self.path)
        self._keeper: Keeper | None = None
        with ExitStack() as held:
            self._cold = None if cold is None else held.enter_context(ColdStore(cold))
            if mode == "rw":
                self.path.mkdir(parents=True, exist_ok=True)
                self._keeper = Keeper(self.path, limits, self._cold, cold_after_s)
                held.callback(self._keeper.close)
                self._index = self._keeper.index
            else:
                database = Database(self.path, mode)
                held.callback(database.close)
                self._index = Index(database)
            self._fetch = Fetch(self.path, self._cold)
            held.callback(self._fetch.close)
            self._reader = Reader(self._index, self._fetch, self._live, cache_bytes=cache_bytes)
            self._fetch.add(self._reader.sweep)
            self._held = held.pop_all()

    @property
    def recovered(self) -> Recovered | None:
        """What opening it for writing had to mend; None in mode "r"."""
        return None if self._keeper is None else self._keeper.recovered

    def record(
        self,
        channel: str,
        source: Any,
        *,
        quality: int = 80,
        gop_s: float = 1.0,
        segment_s: float = 60.0,
        memory_bytes: int = 64 << 20,
    ) -> Recording:
        """Begins to record ``source`` (a Source, a Depot, or a source of coded pictures) as ``channel``.

        Coded pictures are stored as they are; others are encoded, ``quality`` 1 to 100, with a key frame each
        ``gop_s`` seconds, which is what a crash can cost and what a moment takes at most to be readable. A file
        gets ``segment_s`` seconds. ``memory_bytes`` bounds the pictures waiting for the disk. The source stays the
        caller's to close. Raises ConfigError while the channel is being recorded, ArchiveError in mode "r".
        """
        keeper = self._writing()
        _check_name(channel)
        if isinstance(source, str):
            raise ConfigError(f"open the source first: open_source({source!r})", option="source")
        plan = Plan(quality, gop_s, segment_s)
        return keeper.record(channel, source, plan, memory_bytes)

    def frame_at(self, channel: str, dt: Moment, *, exact: bool = True, figures: bool = False) -> Frame:
        """The newest picture at or before ``dt``, as a Frame in "i420" with its own number and ``captured_ns``.

        ``exact=False`` gives the key frame that it builds upon, for less work. ``figures`` fills in the figures
        of the moment and draws them. While the channel is recorded, a moment that is not in the file yet is
        waited for, 3 s at most; with ``exact=False`` it is not. Raises NoSuchMoment, naming the nearest moments,
        when nothing was recorded in the two seconds before ``dt``; ArchiveCorrupt when the picture's bytes are
        not what was written; UnknownName for a channel that was never recorded.
        """
        self._check_known(channel)
        return self._reader.frame_at(channel, to_ns(dt) + _WITHIN_NS, exact=exact, figures=figures)

    def channels(self) -> list[str]:
        """The names of all channels that something was ever recorded of, sorted."""
        self._check_open()
        return self._index.channels()

    def spans(
        self, channel: str, start: Moment | None = None, end: Moment | None = None, *, max_gap_s: float = 2.0
    ) -> list[Span]:
        """From when to when there are pictures, in time order, apart where a pause is longer than ``max_gap_s``.

        ``start`` and ``end`` None: from the first, to the last. Empty where nothing was recorded.
        """
        self._check_known(channel)
        if not max_gap_s >= 0:
            raise ConfigError(f"max_gap_s is {max_gap_s}; give 0 or more", option="max_gap_s")
        return self._index.spans(channel, *_range(start, end), round(max_gap_s * 1e9))

    def thumbnails(
        self, channel: str, start: Moment, end: Moment, n: int, *, width: int = 320
    ) -> list[Frame]:
        """At most ``n`` small key frames, evenly spread from ``start`` to ``end``; fewer where there are pauses."""
        self._check_known(channel)
        return thumbnails(self._index, self._fetch, channel, *_range(start, end), n, width)

    def add_figures(self, channel: str, start: Moment, end: Moment, figures: Iterable[Figure]) -> None:
        """Keeps ``figures`` for the moments from ``start`` to ``end``; they are drawn when they are asked for."""
        self._writing()
        self._check_known(channel)
        text = json.dumps([to_plain(figure) for figure in figures])
        self._index.add_figures(
            channel, to_ns(start, option="start"), to_ns(end, option="end") + _WITHIN_NS, text
        )

    def figures_between(self, channel: str, start: Moment, end: Moment, n: int = 500) -> list[FigureSpan]:
        """When figures were kept, in at most ``n`` spans, and how many. As many moments are looked at, however
        many figures there are: pauses shorter than an ``n``-th of the time are closed, what is shorter is not counted.
        """
        self._check_known(channel)
        if n < 1:
            raise ConfigError(f"n must be 1 or more, got {n}", option="n")
        return self._reader.figures_between(channel, *_range(start, end), n)

    def export(
        self,
        channel: str,
        start: Moment,
        end: Moment,
        path: str | os.PathLike[str],
        *,
        figures: bool = False,
        progress: Callable[[int, int], object] | None = None,
        cancel: StopToken | None = None,
    ) -> Exported:
        """Writes what was recorded from ``start`` to ``end`` to ``path``: .mp4, .gif, .webp, or, without a suffix,
        a folder of pictures.

        An .mp4 is copied, not encoded again, and so begins with the key frame at or before ``start``; pauses are
        closed up. With ``figures`` those of each picture are drawn in, for which an .mp4 with any is encoded anew.
        ``progress(done, all)`` counts pictures. The output appears when it is whole or not at all; a cancel
        raises JobCancelled. Raises NoSuchMoment when there is nothing, ConfigError for another suffix.
        """
        self._check_known(channel)
        between = (channel, *_range(start, end), Path(path))
        drawn = self._reader if figures else None
        return export(self._index, self._fetch, *between, drawn=drawn, progress=progress, cancel=cancel)

    def clip(self, channel: str, seconds: float, path: str | os.PathLike[str], **options: Any) -> Exported:
        """Exports the last ``seconds`` of the channel, up to its newest picture in the file; ``options`` of export."""
        self._check_known(channel)
        last_ns = self._index.last(channel)
        now_s = (SYSTEM.wall_ns() if last_ns is None else last_ns) / 1e9
        return self.export(channel, now_s - seconds, now_s + 1e-6, path, **options)

    def verify(
        self, *, deep: bool = True, progress: Callable[[int, int], object] | None = None
    ) -> VerifyReport:
        """Compares the files with the index, with ``deep`` every byte of them; ``progress(done, all)`` in
        segments. May run while recordings are made."""
        self._check_open()
        return verify(self.path, self._index, self._cold, progress=progress, deep=deep)

    def prune(self) -> PruneReport:
        """Removes what is over the limits now; recordings see to it by themselves while they run."""
        return self._writing().prune()

    def stats(self) -> ArchiveStats:
        """What there is, and what is being recorded."""
        self._check_open()
        usage, names = self._index.usage(), self._index.channels()
        spans = [
            span for name in names for span in self._index.spans(name, -_FOREVER_NS, _FOREVER_NS, _FOREVER_NS)
        ]
        keeper = self._keeper
        return ArchiveStats(
            channels=len(names),
            segments=usage.segments,
            bytes=usage.bytes,
            cold_segments=usage.cold_segments,
            cold_bytes=usage.cold_bytes,
            oldest_ns=min((span.start_ns for span in spans), default=None),
            newest_ns=max((span.end_ns for span in spans), default=None),
            pruned=0 if keeper is None else keeper.pruned,
            recordings=() if keeper is None else tuple(each.stats() for each in keeper.recordings()),
        )

    def _check_known(self, channel: str) -> None:
        self._check_open()
        if self._live(channel):
            return
        names = self._index.channels()
        if channel not in names:
            raise unknown_name("channel in this archive", channel, names)

    def _live(self, channel: str) -> bool:
        if self._keeper is not None:
            return self._keeper.live(channel)
        return any(True for _ in self._index.segments(channel, "open")) and writer_lives(self.path)

    def _writing(self) -> Keeper:
        self._check_open()
        if self._keeper is None:
            raise ArchiveError(f'{self.path} was opened with mode="r"; open it with mode="rw" to change it')
        return self._keeper

    def _foreign(self) -> ArchiveError:
        return ArchiveError(f"{self.path} was opened by the parent of this process; open it here once more")

    def _close(self) -> None:
        self._held.close()


def _range(start: Moment | None, end: Moment | None) -> tuple[int, int]:
    start_ns = -_FOREVER_NS if start is None else to_ns(start, option="start") - _WITHIN_NS
    end_ns = _FOREVER_NS if end is None else to_ns(end, option="end") + _WITHIN_NS
    if end_ns < start_ns:
        raise ConfigError("end lies before start", option="end")
    return start_ns, end_ns


def _check_name(channel: object) -> None:
    if not isinstance(channel, str) or not channel or "\0" in channel:
        raise ConfigError(f"a channel's name is a text that is not empty, not {channel!r}", option="channel")
