"""After a crash: makes the index and the files that were being written say the same again.

Only segments that the index calls open are looked into, so that it takes no longer for a year than for a day.
Their files are trusted as far as they can be read, and the index as far as its checksums agree with the files:
after a loss of power either may know more than the other.
"""

from __future__ import annotations

import logging
import os
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rushes.archive.garbage import clear, sweep
from rushes.archive.records import Gop, Sample
from rushes.archive.segment import sound, sync_folder
from rushes.codecs.video.fragments import scan
from rushes.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rushes.archive.cold import ColdStore
    from rushes.archive.index import Index
    from rushes.archive.records import Segment
    from rushes.codecs.video.fragments import CodedSample

__all__ = ["Recovered", "recover"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did.

    ``segments`` had been left open, of which ``removed`` held no picture; ``gops_added`` groups of pictures were
    in a file and not in the index, ``gops_dropped`` the other way round or damaged; ``bytes_cut`` were behind the
    last whole group; ``swept`` files had been given up but not deleted.
    """

    segments: int = 0
    removed: int = 0
    gops_added: int = 0
    gops_dropped: int = 0
    bytes_cut: int = 0
    swept: int = 0

    def __add__(self, other: Recovered) -> Recovered:
        return Recovered(
            self.segments + other.segments,
            self.removed + other.removed,
            self.gops_added + other.gops_added,
            self.gops_dropped + other.gops_dropped,
            self.bytes_cut + other.bytes_cut,
            self.swept + other.swept,
        )


def recover(root: Path, index: Index, cold: ColdStore | None = None) -> Recovered:
    """Brings files and index together. May itself be killed at any step, and begun again.

    Raises what the index raises; a file that cannot be read is left open for the next time.
    """
    given_up = len(index.garbage())
    found = Recovered(swept=given_up - len(sweep(root, index, cold).stuck))
    for segment in list(index.segments(state="open")):
        try:
            found += _one(root, index, segment)
        except OSError as error:
            _LOG.warning("%s stays open: %s", segment.path, error)
    if found != Recovered():
        _LOG.warning("%s was not closed the last time: %s", root, found)
    return found


def _one(root: Path, index: Index, segment: Segment) -> Recovered:
    path = root / segment.path
    known = sorted((found.gop for found in index.segment_gops(segment.id)), key=lambda gop: gop.offset)
    try:
        with open(path, "rb") as file:
            # One that is damaged with sound ones behind it stays: whoever asks for it is told.
            kept = max((at for at, gop in enumerate(known, start=1) if sound(file.fileno(), gop)), default=0)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        kept = size = 0
    dropped = len(known) - kept
    end = known[kept - 1].offset + known[kept - 1].length if kept else 0
    fresh, extradata = _fresh(path, segment, end) if size and not dropped else ([], b"")
    if not kept and not fresh:
        clear(root, index, index.remove_segment(segment.id))
        return Recovered(segments=1, removed=1, gops_dropped=dropped, bytes_cut=size)
    if dropped:
        index.drop_gops(segment.id, known[kept].offset)
    if fresh:
        end = fresh[-1].offset + fresh[-1].length
    cut = _cut(path, end)
    for gop in fresh:
        index.add_gop(segment, gop, bytes=gop.offset + gop.length, extradata=extradata)
    index.close_segment(segment.id, bytes=end)
    return Recovered(segments=1, gops_added=len(fresh), gops_dropped=dropped, bytes_cut=cut)


def _fresh(path: Path, segment: Segment, known_end: int) -> tuple[list[Gop], bytes]:
    """The whole groups of pictures in the file that the index does not know, and the coder's header."""
    try:
        layout, ends = scan(path)
    except DecodeError:  # not even its head is there
        return [], b""
    with open(path, "rb") as file:
        groups = []
        for samples in _by_fragment(layout.samples, ends):
            begin = samples[0].position
            if begin >= known_end:
                data = (os.pread(file.fileno(), each.size, each.position) for each in samples)
                made = map(partial(_sample, segment.start_ns - layout.samples[0].pts_ns), samples, data)
                groups.append(Gop(begin, tuple(made)))
    return groups, layout.extradata


def _by_fragment(samples: tuple[CodedSample, ...], ends: tuple[int, ...]) -> Iterator[list[CodedSample]]:
    at = 0
    for end in ends:
        group = []
        while at < len(samples) and samples[at].position < end:
            group.append(samples[at])
            at += 1
        if group and group[0].keyframe:
            yield group


def _sample(zero_ns: int, coded: CodedSample, data: bytes) -> Sample:
    # Only the index knew the moment to the nanosecond, and the frame's number; the file has ticks of 1/90000 s.
    return Sample(zero_ns + coded.pts_ns, None, coded.size, zlib.crc32(data))


def _cut(path: Path, end: int) -> int:
    """Cuts off what is behind ``end``; how much that was."""
    with open(path, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.truncate(end)
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return size - end
