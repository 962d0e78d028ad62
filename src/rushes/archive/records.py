"""What the parts of the archive tell one another and their users (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rushes.figures import Figure

Blob = bytes  # by another name, for records that have a field "bytes"

__all__ = [
    "GAP_NS",
    "ArchiveStats",
    "Exported",
    "FigureSpan",
    "Found",
    "Gop",
    "PruneReport",
    "RecordingStats",
    "Sample",
    "Segment",
    "Span",
    "Usage",
    "VerifyReport",
]

GAP_NS = 1_000_000_000
"""A longer pause between two pictures of a channel is kept in the index as a gap."""


class Span(NamedTuple):
    """Pictures without a pause, from the first one's moment to the last one's, in UTC nanoseconds."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class FigureSpan:
    """Figures were shown from ``start_ns`` to ``end_ns``: ``figures`` at the moment of it that has the most, ``count``.

    ``kinds``: the most of each kind ("box", "line", "polygon", "text") at any one moment.
    """

    start_ns: int
    end_ns: int
    count: int
    kinds: Mapping[str, int]
    figures: tuple[Figure, ...]


class Sample(NamedTuple):
    """One coded picture as it lies in a segment.

    ``t_ns`` when it was captured, ``number`` that of the frame (None: not known), ``size`` in bytes, ``crc``
    the CRC-32 of these bytes.
    """

    t_ns: int
    number: int | None
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Gop:
    """A run of samples that begins with a key frame and needs nothing before it.

    ``offset`` of its first byte in the segment's file. ``samples`` in the order of decoding, without bytes
    between them.
    """

    offset: int
    samples: tuple[Sample, ...]

    @property
    def t_ns(self) -> int:
        """The earliest moment."""
        return min(sample.t_ns for sample in self.samples)

    @property
    def end_ns(self) -> int:
        """The latest moment."""
        return max(sample.t_ns for sample in self.samples)

    @property
    def length(self) -> int:
        """Bytes of all samples."""
        return sum(sample.size for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file. ``path`` is relative to the archive's folder, with "/"; ``state`` "open" or "closed".

    ``cold``: the key under which it lies in the cold store; empty while it is a local file. ``end_ns`` and
    ``bytes`` are those of what the index knows. ``extradata`` is the coder's header.
    """

    id: int
    channel: str
    start_ns: int
    end_ns: int
    path: str
    bytes: int
    codec: str
    extradata: Blob = field(repr=False)
    width: int
    height: int
    fps: float
    state: str
    cold: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A group of pictures and the file it lies in."""

    gop: Gop
    segment: Segment


@dataclass(frozen=True, slots=True)
class Usage:
    """How much there is: local files, and those in the cold store."""

    segments: int = 0
    bytes: int = 0
    cold_segments: int = 0
    cold_bytes: int = 0


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What an examination found. Paths are relative to the archive's folder.

    ``segments`` examined; ``damaged`` files whose bytes are not what was written; ``missing`` files that the
    index knows and the disk does not; ``orphans`` files that the disk has and the index does not know.
    """

    segments: int = 0
    damaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not (self.damaged or self.missing or self.orphans)


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a pruning took away: ``removed`` segments, the bytes freed, and how many of the segments were not deleted
    but ``moved`` to the cold store.
    """

    removed: int = 0
    freed_bytes: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class RecordingStats:
    """One moment of a recording: offered = written + dropped by reason + waiting.

    ``written`` are in the file and in the index; ``waiting`` includes the group of pictures that is not whole
    yet. ``dropped``: "missed" (gone from the depot before their turn), "memory" (the disk was behind),
    "bad" (could not be encoded), "disk full", "disk error",
    "index busy" (somebody kept the index locked until the end; those in the file are found when it is opened
    again), "no key frame" (a camera's packets before its first one).
    ``state``: "recording", or why it ended: "stopped", "source ended", "source lost", "disk full", "disk error".
    ``clock_steps``: how often the clock was set back while it ran. ``behind``: groups of pictures whose rows the
    index could not take yet.
    """

    channel: str
    offered: int = 0
    written: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    segments: int = 0
    bytes: int = 0
    clock_steps: int = 0
    behind: int = 0
    state: str = "recording"

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds; False would be a bug of the recording."""
        return self.waiting >= 0 and self.offered == self.written + sum(self.dropped.values()) + self.waiting


@dataclass(frozen=True, slots=True)
class ArchiveStats:
    """What the archive holds, and what is being written.

    ``oldest_ns`` and ``newest_ns`` are None in an empty one. ``pruned``: segments deleted for age or want of room
    since it was opened; those that moved to the cold store are not among them.
    """

    channels: int
    segments: int
    bytes: int
    cold_segments: int
    cold_bytes: int
    oldest_ns: int | None
    newest_ns: int | None
    pruned: int = 0
    recordings: tuple[RecordingStats, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export made: ``frames`` pictures in ``bytes`` at ``path``, out of ``spans``.

    ``copied``: True when the coded pictures were taken over as they are. ``damaged``: groups of pictures left
    out because their bytes are not what was written.
    """

    path: Path
    frames: int
    bytes: int
    copied: bool
    damaged: int
    spans: tuple[Span, ...]
