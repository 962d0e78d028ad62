"""Pictures in files, played like a video: those of a folder in the order of their names, or a single one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.capture.played import GUESSED_FPS, Player
from rushes.capture.records import SourceStats
from rushes.clock import SYSTEM
from rushes.errors import CorruptImage, DecodeError, FrameError, SourceLost, SourceUnavailable
from rushes.frame import Frame
from rushes.interfaces import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rushes.codecs.colour import Pixels

__all__ = ["Album", "is_album"]

_SUFFIXES = (".jpg", ".jpeg", ".png", ".qoi", ".bmp", ".webp")
_FORMAT = "bgr24"
_SECOND_NS = 1_000_000_000


def is_album(path: Path) -> bool:
    """Whether this is played picture by picture. By its name: a video may begin like a JPEG."""
    return path.is_dir() or path.suffix.lower() in _SUFFIXES


class Album(Player):
    """The pictures of the folder ``path``, ``fps`` a second, or the one in the file ``path``, as "bgr24".

    Numbered from 0. JPEG, PNG, QOI, BMP and WebP, whatever is in the folder when it is opened. ``captured_ns`` is
    the moment the iteration began plus the picture's place in the order. A picture that is broken or gone is
    dropped as "damaged", with ``pace`` one whose time is over as "late". Raises SourceUnavailable when there is
    no picture, a DecodeError when none is sound; iterating raises SourceLost at a picture of another size.
    """

    def __init__(
        self, path: Path, *, fps: float | None = None, pace: bool = True, loop: bool = False
    ) -> None:
        super().__init__(path, pace=pace, loop=loop)
        self._period_s = 1 / (fps or GUESSED_FPS)
        self._files = _pictures(path)
        self._counts = dict.fromkeys(("delivered", "late", "damaged"), 0)
        height, width = _first(self._files).shape[:2]
        self.info = SourceInfo(width, height, 1 / self._period_s, _FORMAT)

    def __iter__(self) -> Iterator[Frame]:
        return self._alone(self._frames())

    def stats(self) -> SourceStats:
        """The ledger: each picture up to here was delivered or dropped."""
        dropped = {reason: self._counts[reason] for reason in ("late", "damaged") if self._counts[reason]}
        return SourceStats(
            self.name,
            offered=self._counts["delivered"] + sum(dropped.values()),
            delivered=self._counts["delivered"],
            dropped=dropped,
            state=self._state(),
        )

    def _frames(self) -> Iterator[Frame]:
        begun_ns, wall_ns, place = SYSTEM.monotonic_ns(), SYSTEM.wall_ns(), 0
        while True:
            sound = False
            for file in self._files:
                after_ns = round(place * self._period_s * _SECOND_NS)
                place += 1
                if self._pace and self._wait_until(begun_ns + after_ns) > self._period_s:
                    self._counts["late"] += 1
                    sound = True  # as far as is known
                    continue
                if self._stop.stopped:
                    return
                array = self._read(file)
                if array is not None:
                    sound = True
                    number = self._counts["delivered"]
                    self._counts["delivered"] += 1
                    yield Frame(array, number, captured_ns=wall_ns + after_ns, format=_FORMAT)
            if not sound:
                raise SourceLost(f"not one picture of {self._path} could be decoded", uri=self.name)
            if not self._loop:
                self._ended = True
                return

    def _read(self, file: Path) -> Pixels | None:
        """The picture; None, counted, when it is broken. SourceLost for one of another size."""
        try:
            array = _decoded(file)
        except (DecodeError, FrameError, OSError):
            self._counts["damaged"] += 1
            return None
        height, width = array.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            self._counts["damaged"] += 1
            raise SourceLost(
                f"{file} is {width}x{height}, not {self.info.width}x{self.info.height} as those before",
                uri=self.name,
            )
        return array


def _pictures(path: Path) -> list[Path]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error.strerror}", uri=str(path)) from error
    found = [each for each in files if each.suffix.lower() in _SUFFIXES]
    if not found:
        raise SourceUnavailable(f"{path} is a folder without pictures, and no video", uri=str(path))
    return found


def _first(files: list[Path]) -> Pixels:
    """The first sound picture; what is wrong with the last one when there is none."""
    failure: Exception = CorruptImage("there is no picture")
    for file in files:
        try:
            return _decoded(file)
        except (DecodeError, FrameError) as error:
            failure = error
        except OSError as error:
            failure = SourceUnavailable(f"{file} cannot be opened: {error.strerror}", uri=str(file))
    raise failure


def _decoded(file: Path) -> Pixels:
    from rushes.codecs import still

    return still.decode(file.read_bytes(), _FORMAT).array
