"""A stretch of a channel made into a file of its own: copied as it is where that can be, else made anew."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rushes.archive.fetch import read_samples
from rushes.archive.passage import Passage, Shown, last_needed
from rushes.archive.records import Exported
from rushes.codecs.picture import draw
from rushes.codecs.sequence import check_kind, fresh_name, remove, write_sequence
from rushes.codecs.video.bare import BareDecoder
from rushes.codecs.video.fragments import describe
from rushes.codecs.video.media import Packet
from rushes.codecs.video.scale import convert, resize
from rushes.codecs.video.writer import VideoWriter
from rushes.errors import ArchiveCorrupt, ConfigError, DecodeError, JobCancelled, NoSuchMoment
from rushes.frame import picture_size
from rushes.moments import from_ns

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from rushes.archive.fetch import Reads
    from rushes.archive.index import Index
    from rushes.archive.records import FigureSpan, Found, Segment
    from rushes.codecs.colour import Pixels
    from rushes.codecs.video.bare import Decoded
    from rushes.codecs.video.media import MediaInfo
    from rushes.figures import Figure
    from rushes.lifecycle import StopToken

__all__ = ["Figured", "export"]

_LOG = logging.getLogger(__name__)


class Figured(Protocol):
    """Who knows which figures are shown."""

    def figures_at(self, channel: str, t_ns: int) -> tuple[Figure, ...]:
        """At that moment."""
        ...

    def figures_between(self, channel: str, start_ns: int, end_ns: int, n: int) -> list[FigureSpan]:
        """When, in ``n`` spans at most."""
        ...


def export(
    index: Index,
    fetch: Reads,
    channel: str,
    start_ns: int,
    end_ns: int,
    path: str | os.PathLike[str],
    *,
    quality: int = 80,
    suffix: str = ".jpg",
    drawn: Figured | None = None,
    progress: Callable[[int, int], object] | None = None,
    cancel: StopToken | None = None,
) -> Exported:
    """Makes ``path`` of the pictures from ``start_ns`` to ``end_ns``.

    ".mp4" takes the coded pictures over as they are, from the key frame that the first one builds upon; where
    the coding changes in between, or ``drawn`` knows figures to be drawn in, all are decoded and encoded anew with
    ``quality``. ".gif", ".webp", or a folder (no suffix) with a picture of each as ``suffix`` says. Pauses of more
    than two seconds are closed up. Groups of pictures whose bytes are not what was written are left out and counted.

    ``progress(done, total)`` counts pictures. ``path`` appears when it is whole or not at all. Raises
    NoSuchMoment when nothing was recorded then, ArchiveCorrupt when nothing of it is left, JobCancelled after
    ``cancel``, UnknownName for another suffix, ConfigError for times that are no stretch, OSError when the disk
    is full.
    """
    kind = check_kind(path)
    if end_ns < start_ns:
        raise ConfigError("end must not be before start", option="end")
    passage = Passage(start_ns, end_ns)
    for found in index.gops(channel, start_ns, end_ns):
        _check_cancelled(cancel)
        passage.add(found)
    if not passage.pictures or passage.first is None:
        raise _nothing(index, channel, start_ns, end_ns)
    if drawn is not None and not drawn.figures_between(channel, start_ns, end_ns, 1):
        drawn = None  # and so copied, if it can be
    work = _Export(index, fetch, drawn, channel, passage, progress, cancel)
    copied = kind == ".mp4" and passage.uniform and drawn is None
    head = _head(index, fetch, passage.first) if copied else None
    if head is not None:
        work.copy(Path(path), head)
    else:
        work.make(Path(path), kind, quality, suffix)
    return Exported(
        Path(path), work.frames, _size(Path(path)), head is not None, work.damaged, work.shown.spans
    )


class _Export:
    """One export under way; ``frames`` and ``damaged`` count what was written and left out."""

    def __init__(
        self,
        index: Index,
        fetch: Reads,
        drawn: Figured | None,
        channel: str,
        passage: Passage,
        progress: Callable[[int, int], object] | None,
        cancel: StopToken | None,
    ) -> None:
        self._index, self._fetch, self._drawn, self._channel = index, fetch, drawn, channel
        self._passage, self._progress, self._cancel = passage, progress, cancel
        self.shown = Shown()
        self.frames = self.damaged = 0

    def copy(self, path: Path, head: MediaInfo) -> None:
        """The samples as they are, in a plain MP4."""
        fresh = fresh_name(path)
        remove(fresh)
        try:
            with VideoWriter.copying(fresh, head, fragmented=False) as writer:
                for found, coded in self._groups():
                    for packet in self._packets(found, coded):
                        writer.write_packet(packet)
                    self._count(len(coded), self._passage.coded)
            self._check_any()
            fresh.replace(path)
        except BaseException:  # whatever it was: half of it must not stay
            remove(fresh)
            raise

    def make(self, path: Path, kind: str, quality: int, suffix: str) -> None:
        """Decoded, and made into what the suffix says."""
        first = self._passage.first
        even = first is not None and not (first.width % 2 or first.height % 2)
        format = "i420" if kind == ".mp4" and even else "rgb24"
        rate = self._passage.rate if kind == ".mp4" else self._passage.mean_rate
        write_sequence(
            path,
            self._pictures(format),
            self._passage.pictures,
            rate=rate,
            quality=quality,
            suffix=suffix,
            format=format,
        )

    def _groups(self) -> Iterator[tuple[Found, list[memoryview]]]:
        """Each sound group with the samples that are wanted of it."""
        for found in self._index.gops(self._channel, self._passage.start_ns, self._passage.end_ns):
            _check_cancelled(self._cancel)
            try:
                yield found, read_samples(self._fetch, found, 0, last_needed(found.gop, self._passage.end_ns))
            except ArchiveCorrupt as error:
                self._damage(error)

    def _packets(self, found: Found, coded: list[memoryview]) -> Iterator[Packet]:
        samples = found.gop.samples[: len(coded)]
        shown = self.shown.times([sample.t_ns for sample in samples])
        usual_s = 1 / self._passage.rate
        for turn, (piece, decoded_ns, shown_ns) in enumerate(zip(coded, sorted(shown), shown, strict=True)):
            # Decoded in their order, and none later than it is shown.
            pts_s, dts_s = shown_ns / 1e9, (decoded_ns - self._passage.delay_ns) / 1e9
            yield Packet(pts_s, dts_s, usual_s, turn == 0, len(piece), piece)

    def _pictures(self, format: str) -> Iterator[tuple[Pixels, int]]:
        """Each picture between the moments, all of the first one's size, and when it is shown."""
        size: tuple[int, int] | None = None
        for decoded, t_ns in self._decoded():
            picture = decoded.picture()
            size = size or picture_size(picture.array.shape, picture.format)
            array = convert(resize(picture.array, picture.format, size[1], size[0]), picture.format, format)
            figures = () if self._drawn is None else self._drawn.figures_at(self._channel, t_ns)
            yield draw(array, format, figures) if figures else array, self.shown.times([t_ns])[0]
            self._count(1, self._passage.pictures)
        self._check_any()

    def _decoded(self) -> Iterator[tuple[Decoded, int]]:
        run: _Run | None = None
        sound = 0
        for found, coded in self._groups():
            if run is not None and not (run.fits(found) and sound == self.damaged):
                yield from self._wanted(run.finish())
                run = None
            run = run or _Run(found, self._passage.delay_ns > 0)
            sound = self.damaged
            try:
                yield from self._wanted(run.feed(found, coded))
            except DecodeError as error:
                self._damage(error)
                run = None
        if run is not None:
            yield from self._wanted(run.finish())

    def _wanted(self, made: Iterator[tuple[Decoded, int]]) -> Iterator[tuple[Decoded, int]]:
        return (each for each in made if self._passage.start_ns <= each[1] <= self._passage.end_ns)

    def _count(self, pictures: int, total: int) -> None:
        self.frames += pictures
        if self._progress is not None:
            self._progress(self.frames, total)

    def _damage(self, error: Exception) -> None:
        self.damaged += 1
        _LOG.warning("%s: left out of an export: %s", self._channel, error)

    def _check_any(self) -> None:
        if not self.frames:
            raise ArchiveCorrupt(
                f"{self._channel}: every picture of that time is damaged", channel=self._channel
            )


class _Run:
    """A decoder over groups of one coding that follow one another, and when their pictures were taken."""

    def __init__(self, found: Found, reordered: bool) -> None:
        self._segment = found.segment
        self._decoder = BareDecoder(found.segment.codec, found.segment.extradata, reordered=reordered)
        self._times: dict[int, int] = {}

    def fits(self, found: Found) -> bool:
        """Whether this group is of the same coding."""
        mine, other = self._segment, found.segment
        return (mine.codec, mine.extradata) == (other.codec, other.extradata)

    def feed(self, found: Found, coded: list[memoryview]) -> Iterator[tuple[Decoded, int]]:
        for sample, piece in zip(found.gop.samples, coded, strict=False):
            self._times[self._decoder.fed] = sample.t_ns
            yield from self._timed(self._decoder.feed(piece))

    def finish(self) -> Iterator[tuple[Decoded, int]]:
        yield from self._timed(self._decoder.finish())

    def _timed(self, made: list[Decoded]) -> Iterator[tuple[Decoded, int]]:
        return ((each, self._times.pop(each.order)) for each in made)


def _head(index: Index, fetch: Reads, segment: Segment) -> MediaInfo | None:
    """What a copy must know of the coding; None when the file's beginning is not what was written."""
    first = next(iter(index.segment_gops(segment.id)), None)
    if first is None:
        return None
    try:
        info = describe(fetch.read(segment, 0, first.gop.offset), segment.fps)
    except (ArchiveCorrupt, DecodeError) as error:
        _LOG.warning("%s: its beginning is damaged: %s", segment.path, error)
        return None
    return info if (info.codec, info.extradata) == (segment.codec, segment.extradata) else None


def _nothing(index: Index, channel: str, start_ns: int, end_ns: int) -> NoSuchMoment:
    before_ns, after_ns = index.before(channel, start_ns), index.after(channel, end_ns)
    near = [
        f"the {word} is of {from_ns(ns).isoformat()}"
        for word, ns in (("last picture before", before_ns), ("first one after", after_ns))
        if ns is not None
    ]
    asked = f"between {from_ns(start_ns).isoformat()} and {from_ns(end_ns).isoformat()}"
    return NoSuchMoment(
        f"{channel}: nothing was recorded {asked}; " + (" and ".join(near) or "it is empty"),
        before_ns=before_ns,
        after_ns=after_ns,
        channel=channel,
    )


def _check_cancelled(cancel: StopToken | None) -> None:
    if cancel is not None and cancel.stopped:
        raise JobCancelled("the export was cancelled", reason="on request")


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
