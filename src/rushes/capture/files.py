"""Files as a source: ``file:PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rushes.capture.album import Album, is_album
from rushes.capture.coded import check_rate
from rushes.capture.coded_file import CodedFile
from rushes.capture.played import Played
from rushes.capture.records import SourceStats
from rushes.capture.thin import Thinner
from rushes.clock import SYSTEM
from rushes.errors import ConfigError, SourceLost
from rushes.frame import Frame
from rushes.interfaces import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.codecs.video.media import Picture

__all__ = ["FileSource", "open_file"]

_SECOND_NS = 1_000_000_000


def open_file(
    rest: str,
    *,
    uri: str,
    fps: float | None = None,
    pace: bool = True,
    loop: bool = False,
    coded: bool = False,
) -> FileSource | CodedFile | Album:
    """``file:PATH`` (or ``file:///PATH``): any video that can be decoded, a folder of pictures, or one picture.

    ``pace`` gives each frame when its own time stamp says, like a camera would; False gives them as fast as
    they are asked for. ``loop`` begins again at the end, for ever. ``fps`` takes fewer frames, those between
    are dropped as "rate"; pictures, which have no times, it gives theirs (None: 25). ``coded`` gives a video's
    pictures as they are coded, see CodedFile. Raises SourceUnavailable when there is no such file, DecodeError
    when it is nothing that can be decoded.
    """
    path = unquote(urlsplit(uri).path) if rest.startswith("//") else rest
    if not path:
        raise ConfigError(f'{uri!r}: write the path of a video, like "file:walk.mp4"', option="uri")
    album = is_album(Path(path))
    if coded and album:
        raise ConfigError(f"{path} holds pictures, not a coded video: leave out coded=True", option="coded")
    if coded:
        check_rate(fps)
        return CodedFile(Path(path), pace=pace, loop=loop)
    if album:
        return Album(Path(path), fps=fps, pace=pace, loop=loop)
    return FileSource(Path(path), fps=fps, pace=pace, loop=loop)


class FileSource(Played):
    """A file's frames in their native format ("i420" mostly), numbered from 0. Each owns its pixels.

    ``captured_ns`` is the moment the iteration began plus the frame's own time. A paced frame whose time was
    over before it was asked for is dropped as "late"; what cannot be decoded soundly as "damaged", and it goes
    on at the next key frame. Iterating ends with the file, or soon after ``close`` from any thread; it raises
    SourceLost when not one frame could be decoded, or the file cannot be read on. One iteration at a time.
    """

    def __init__(
        self, path: Path, *, fps: float | None = None, pace: bool = True, loop: bool = False
    ) -> None:
        super().__init__(path, pace=pace, loop=loop)
        self._thinner = Thinner(fps)
        found, own = self._input.info, 1 / self._period_s
        self.info = SourceInfo(
            found.width, found.height, own if fps is None else min(fps, own), found.native_format
        )
        self._counts = dict.fromkeys(("delivered", "late", "rate"), 0)
        self._corrupt = 0

    def __iter__(self) -> Iterator[Frame]:
        return self._alone(self._frames())

    def stats(self) -> SourceStats:
        """The ledger: every frame the file holds up to here was delivered or dropped."""
        damaged = self._unread() + self._corrupt
        dropped = {"late": self._counts["late"], "rate": self._counts["rate"], "damaged": damaged}
        return SourceStats(
            self.name,
            offered=self._counts["delivered"] + sum(dropped.values()),
            delivered=self._counts["delivered"],
            dropped={reason: count for reason, count in dropped.items() if count},
            state=self._state(),
        )

    def _frames(self) -> Iterator[Frame]:
        begun_ns, shift_s = SYSTEM.monotonic_ns(), 0.0
        wall_ns = SYSTEM.wall_ns()
        while True:
            seen, end_s = 0, 0.0
            for picture, at_s in self._round():
                seen, end_s = seen + 1, at_s + self._period_s
                if self._passes(picture, begun_ns + round((shift_s + at_s) * _SECOND_NS)):
                    captured_ns = wall_ns + round((shift_s + at_s) * _SECOND_NS)
                    if self._thinned(captured_ns):
                        continue
                    number = self._counts["delivered"]
                    self._counts["delivered"] += 1
                    yield Frame(picture.array, number, captured_ns=captured_ns, format=picture.format)
            if self._stop.stopped:
                return
            if not seen:
                raise SourceLost(f"not one frame of {self._path} could be decoded", uri=self.name)
            if not self._loop:
                self._ended = True
                return
            shift_s += end_s
            self._reopen()

    def _round(self) -> Iterator[tuple[Picture, float]]:
        """The pictures of one pass through the file, each with its seconds after the first."""
        first_s, last_s = None, -self._period_s
        for picture in self._input.frames():
            if self._stop.stopped:
                return
            # One without a time of its own comes a period after the one before; none goes back.
            at_s = last_s + self._period_s if picture.pts_s is None else picture.pts_s - (first_s or 0.0)
            if first_s is None and picture.pts_s is not None:
                first_s, at_s = picture.pts_s, 0.0
            last_s = at_s = max(at_s, last_s)
            yield picture, at_s

    def _passes(self, picture: Picture, due_ns: int) -> bool:
        """Whether the picture is sound and its time not over; waits for that time."""
        if picture.corrupt:
            self._corrupt += 1
            return False
        if not self._pace:
            return True
        late_s = self._wait_until(due_ns)
        if late_s > self._period_s:
            self._counts["late"] += 1
        return late_s <= self._period_s and not self._stop.stopped

    def _thinned(self, captured_ns: int) -> bool:
        if self._thinner.wants(captured_ns):
            return False
        self._counts["rate"] += 1
        return True
