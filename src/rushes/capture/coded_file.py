"""A video file's pictures as they are coded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.capture.coded import check_coding, no_frames, reading
from rushes.capture.groups import Groups
from rushes.capture.played import GUESSED_FPS, Played
from rushes.capture.records import SourceStats
from rushes.clock import SYSTEM
from rushes.errors import SourceLost
from rushes.interfaces import CodedPicture, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rushes.codecs.video.media import MediaInfo, Packet
    from rushes.frame import Frame

__all__ = ["CodedFile"]

_SECOND_NS = 1_000_000_000


class CodedFile(Played):
    """The coded pictures of the file at ``path``, each when its time has come, or with ``pace`` False at once.

    ``captured_ns`` is the moment the iteration began plus the picture's own time. None is ever given too late to
    be given: who is slow gets them later. Dropped are those before the first key frame, "no key frame", and
    those up to the next one where some could not be read, "damaged". ConfigError for other codings than H.264
    and HEVC; otherwise as a FileSource.
    """

    def __init__(self, path: Path, *, pace: bool = True, loop: bool = False) -> None:
        super().__init__(path, pace=pace, loop=loop)
        self.media: MediaInfo = self._input.info
        try:
            check_coding(self.name, self.media)
        except BaseException:  # whatever is wrong with it, the file is not kept open
            self.close()
            raise
        fps = self.media.fps or GUESSED_FPS
        self.info = SourceInfo(self.media.width, self.media.height, fps, self.media.native_format)
        self._delivered = 0
        self._dropped = {"no key frame": 0, "damaged": 0}

    def __iter__(self) -> Iterator[Frame]:
        no_frames(self.name)

    def packets(self) -> Iterator[CodedPicture]:
        """As a CodedSource's."""
        return self._alone(self._rounds())

    def stats(self) -> SourceStats:
        """The ledger: every coded picture up to here was delivered or dropped."""
        delivered = self._delivered  # once: it goes on meanwhile
        dropped = {**self._dropped, "damaged": self._dropped["damaged"] + self._unread()}
        return SourceStats(
            self.name,
            offered=delivered + sum(dropped.values()),
            delivered=delivered,
            dropped={reason: count for reason, count in dropped.items() if count},
            state=self._state(),
        )

    def _rounds(self) -> Iterator[CodedPicture]:
        begun_ns, wall_ns = SYSTEM.monotonic_ns(), SYSTEM.wall_ns()
        shift_s = 0.0
        while True:
            given, end_s = 0, 0.0
            for packet, due_s, shown_s in self._round():
                if self._pace:
                    self._wait_until(begun_ns + round((shift_s + due_s) * _SECOND_NS))
                if self._stop.stopped:
                    return
                given, end_s = given + 1, max(end_s, shown_s + self._period_s)
                number = self._delivered
                self._delivered += 1
                yield CodedPicture(packet, wall_ns + round((shift_s + shown_s) * _SECOND_NS), number)
            if self._stop.stopped:
                return
            if not given:
                raise SourceLost(f"there is not one key frame in {self._path}", uri=self.name)
            if not self._loop:
                self._ended = True
                return
            shift_s += end_s
            self._reopen()

    def _round(self) -> Iterator[tuple[Packet, float, float]]:
        """One pass: the pictures, when to give each and when each is shown, in seconds after the first."""
        groups = Groups()
        first: tuple[float, float] | None = None
        last_s = -self._period_s
        for packet, damaged in reading(self._input):
            lost = groups.judge(packet.keyframe, damaged=damaged)
            if lost:
                self._dropped[lost] += 1
                continue
            # One without a time of its own comes a period after the one before.
            decoded_s = packet.dts_s if packet.dts_s is not None else packet.pts_s
            last_s = decoded_s = last_s + self._period_s if decoded_s is None else decoded_s
            shown_s = decoded_s if packet.pts_s is None else packet.pts_s
            first = first or (decoded_s, shown_s)
            yield packet, decoded_s - first[0], shown_s - first[1]
