"""A channel's pictures into one segment after another: when a file begins and ends, and what the index is told.

Whatever goes wrong with the index waits for it; whatever goes wrong with the disk costs the group of pictures
that was being written, and a group is counted as written once the index has it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from rushes.archive.database import IndexBusy
from rushes.archive.segment import SegmentFile
from rushes.archive.telling import AGAIN_S, Telling
from rushes.archive.timeline import Timeline
from rushes.codecs import to_pixels
from rushes.frame import picture_size
from rushes.limits import is_disk_full

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.archive.index import Index
    from rushes.archive.records import Gop, Segment
    from rushes.archive.timeline import Stamp
    from rushes.codecs.video.media import MediaInfo, Packet
    from rushes.codecs.video.writer import VideoWriter
    from rushes.frame import Frame
    from rushes.jobs import Handle
    from rushes.lifecycle import StopToken
    from rushes.metrics import Edge

__all__ = ["Ground", "Plan", "Roll"]

_LOG = logging.getLogger(__name__)
# What a group of pictures takes at the least, and of its picture's pixels, as long as none is known.
_ROOM_BYTES, _ROOM_SHARE = 64 << 10, 4
# Without a key frame for so long, what waits for one would grow and grow.
_MOST_PENDING_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How to record: see ``Archive.record``."""

    quality: int = 80
    gop_s: float = 1.0
    segment_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What a channel's segments stand on.

    ``make_room(bytes)`` frees so much, or raises ArchiveFull; ``later(work)`` has slow work done elsewhere;
    ``segment_bytes()`` is how long a file may get.
    """

    root: Path
    index: Index
    make_room: Callable[[int], object]
    later: Callable[[Callable[[], None]], Handle]
    segment_bytes: Callable[[], int]


class _Kind(NamedTuple):
    """What a file holds: it cannot change within one."""

    codec: str
    width: int
    height: int
    format: str


class Roll:
    """Writes one channel. One thread; ``stop`` ends waiting for the index."""

    def __init__(self, channel: str, ground: Ground, plan: Plan, edge: Edge, stop: StopToken) -> None:
        self._channel, self._ground, self._plan, self._edge, self._stop = channel, ground, plan, edge, stop
        self._fps = 0.0
        self.timeline = Timeline(ground.index.last(channel))
        self._file: SegmentFile | None = None
        self._segment: Segment | None = None
        self._kind: _Kind | None = None
        self.telling = Telling(ground.index, edge, ground.later)
        self._largest = _ROOM_BYTES
        self._since_key = 0
        self._shift_ns = 0
        self.taken = 0
        self.segments = 0
        self.bytes = 0

    # ``taken`` counts the pictures that this object answers for: they are delivered or dropped here. An error
    # that comes without it having grown is about a picture that is still the caller's to count.

    def expect(self, fps: float) -> None:
        """So many pictures a second will come (0: not known). Before the first one."""
        self._fps = min(1000.0, fps)

    def picture(self, frame: Frame) -> None:
        """Encodes one picture. ArchiveFull or OSError when nothing more can be written, RushesError for a
        picture that cannot be."""
        array, layout = to_pixels(frame.array, frame.format)
        height, width = picture_size(array.shape, layout)
        kind = _Kind("h264", width, height, layout)
        stamp = self.timeline.stamp(frame.captured_ns)
        if self._due(stamp, kind):
            self._begin(stamp, kind, self._encoder(kind))
        if frame.figures:
            self.telling.draw(stamp.t_ns, frame.figures)
        self._put(lambda file: file.write(array, stamp.t_ns, frame.number))

    def packet(self, packet: Packet, captured_ns: int, number: int | None, media: MediaInfo) -> None:
        """Copies one coded picture; those before the first key frame are dropped. Raises as :meth:`picture`."""
        if packet.keyframe:
            stamp = self.timeline.stamp(captured_ns)
            # Within a group, moments may go back: pictures are sent in the order of decoding.
            self._shift_ns, self._since_key = stamp.t_ns - captured_ns, 0
            kind = _Kind(media.codec, media.width, media.height, "")
            if self._due(stamp, kind):
                self._begin(stamp, kind, partial(_copier, info=media))
        self._since_key += packet.size
        if self._file is None:
            self._edge.drop("no key frame")
            return
        if self._since_key > _MOST_PENDING_BYTES:
            self.pause()
            self._edge.drop("no key frame")
        else:
            self._put(lambda file: file.write_packet(packet, captured_ns + self._shift_ns, number))

    def pause(self) -> None:
        """Nothing came for a while, or nothing more will: makes all that is there a whole file."""
        file, segment = self._file, self._segment
        self._file = self._segment = self._kind = None
        if file is None or segment is None:
            return
        try:
            gop = file.finish()
        except OSError as error:
            self._broken(file, segment, error)
            return
        if gop is not None:
            self._known(file, segment, gop)
        self.telling.closed(file, segment)

    def _due(self, stamp: Stamp, kind: _Kind) -> bool:
        segment, file = self._segment, self._file
        if segment is None or file is None or stamp.fresh or kind != self._kind:
            return True
        if not self.telling.catch_up():
            return False  # the index would not take a new one either
        long = stamp.t_ns - segment.start_ns >= self._plan.segment_s * 1e9
        return long or file.size >= self._ground.segment_bytes()

    def _begin(self, stamp: Stamp, kind: _Kind, make: Callable[[BinaryIO], VideoWriter]) -> None:
        self.pause()
        if stamp.fresh == "set back":
            _LOG.warning(
                "%s: the clock was set back; what it had recorded of that time gives way", self._channel
            )
        self._largest = max(self._largest, kind.width * kind.height // _ROOM_SHARE)
        self._ground.make_room(2 * self._largest)
        segment = self._open_row(stamp, kind)
        try:
            self._file = SegmentFile(self._ground.root / segment.path, make)
        except BaseException:  # whatever kept the file from being, its row must not stay
            self.telling.unmade(segment)
            raise
        self._segment, self._kind = segment, kind
        self.segments += 1

    def _open_row(self, stamp: Stamp, kind: _Kind) -> Segment:
        while True:
            try:
                return self._ground.index.open_segment(
                    self._channel,
                    stamp.t_ns,
                    kind.codec,
                    kind.width,
                    kind.height,
                    self._fps,
                    hides_from_ns=stamp.hides_from_ns,
                )
            except IndexBusy:
                if self._stop.wait(AGAIN_S):
                    raise

    def _encoder(self, kind: _Kind) -> Callable[[BinaryIO], VideoWriter]:
        from rushes.codecs.video.writer import VideoWriter

        def make(file: BinaryIO) -> VideoWriter:
            return VideoWriter(
                file,
                kind.width,
                kind.height,
                fps=self._fps,
                format=kind.format,
                quality=self._plan.quality,
                gop_s=self._plan.gop_s,
            )

        return make

    def _put(self, write: Callable[[SegmentFile], Gop | None]) -> None:
        file, segment = self._file, self._segment
        if file is None or segment is None:
            raise RuntimeError("there is no segment to write into")
        try:
            gop = write(file)
        except OSError as error:
            self.taken += 1
            self._file = self._segment = self._kind = None
            self._broken(file, segment, error)
            return
        self.taken += 1
        if gop is not None:
            self._known(file, segment, gop)
            self._ground.make_room(2 * self._largest)

    def _known(self, file: SegmentFile, segment: Segment, gop: Gop) -> None:
        self._largest = max(self._largest, gop.length)
        self.bytes += gop.length
        self.telling.known(file, segment, gop)

    def _broken(self, file: SegmentFile, segment: Segment, error: OSError) -> None:
        """The disk refused: what was whole is kept, and with some room made it goes on with the next picture."""
        lost = file.give_up()
        self._edge.drop("disk full" if is_disk_full(error) else "disk error", lost)
        _LOG.warning("%s: %s; %d pictures lost", self._channel, error, lost)
        self.telling.closed(file, segment)
        if not is_disk_full(error):
            raise error
        self._ground.make_room(2 * self._largest)


def _copier(file: BinaryIO, info: MediaInfo) -> Any:
    from rushes.codecs.video.writer import VideoWriter

    return VideoWriter.copying(file, info)
