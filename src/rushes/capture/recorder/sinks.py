"""Where frames go: what a recording asks of it, and a spool in a folder."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Protocol

from rushes.capture.recorder.spool import DATA, INDEX, RECORD_BYTES, SpoolWriter
from rushes.capture.recorder.unpacking import SUFFIXES, picture_name, unpack
from rushes.codecs import jpeg, to_pixels
from rushes.errors import ConfigError, JobCancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.frame import Frame

__all__ = ["Pictures", "Sink"]

_PICTURE = re.compile(rf"\d{{8,}}({'|'.join(map(re.escape, SUFFIXES.values()))})")


class Sink(Protocol):
    """What a recording writes to. ``encode`` may run on several threads at once, the rest on one at a time."""

    @property
    def size(self) -> int:
        """Bytes on disk so far."""
        ...

    def encode(self, frame: Frame) -> Any:
        """What is to be kept of the frame."""
        ...

    def fits(self, encoded: Any) -> bool:
        """Whether it can be kept within the budget."""
        ...

    def keep(self, encoded: Any, frame: Frame) -> None:
        """Keeps it, in the order of the frames. OSError when the disk is full, OverBudget when it did not fit
        after all."""
        ...

    @property
    def kept(self) -> int:
        """Frames that can be had from the output, known after ``close``."""
        ...

    def close(self, unwanted: Callable[[], bool]) -> None:
        """Finishes what was written. OSError as from ``keep``: then it is finished as far as it goes.

        ``unwanted`` is asked now and again: once it says so, no more work is done than ``discard`` needs.
        """
        ...

    def commit(self) -> None:
        """After ``close``: puts it where it belongs, if it is not there yet. OSError when that cannot be."""
        ...

    def discard(self) -> None:
        """After ``close``: deletes what this recording made, and nothing else."""
        ...


class Pictures:
    """A spool in a folder; ``kind`` "jpeg", "qoi" or "png". PNG is spooled as QOI: it is too slow to keep up.

    With ``loose`` the end makes one file of each picture, ``00000000.jpg`` and so on.
    """

    def __init__(self, out: Path, kind: str, quality: int, budget: int | None, *, loose: bool) -> None:
        self._out, self._kind, self._quality, self._loose = out, kind, quality, loose
        self._budget = budget
        self._made = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        # Whether unpacked now or later, the names would be the same, and the earlier pictures gone.
        if any(_PICTURE.fullmatch(each.name) for each in out.iterdir()):
            raise _taken(out, "give another folder")
        try:
            self._spool = SpoolWriter(out)
        except FileExistsError:
            raise _taken(out, "give another folder, or unpack that one and move its pictures") from None
        self._size = 0

    @property
    def size(self) -> int:
        """As :class:`Sink` says."""
        return self._size or self._spool.size

    def encode(self, frame: Frame) -> bytes:
        """As :class:`Sink` says."""
        if self._kind != "jpeg":
            from rushes.codecs.lossless import encode_qoi

            return encode_qoi(*to_pixels(frame.array, frame.format))
        if frame.format == "jpeg":
            return frame.array.tobytes()
        return jpeg.encode(frame.array, frame.format, self._quality)

    def fits(self, encoded: bytes) -> bool:
        """As :class:`Sink` says."""
        return self._budget is None or self._spool.size + len(encoded) + RECORD_BYTES <= self._budget

    def keep(self, encoded: bytes, frame: Frame) -> None:
        """As :class:`Sink` says."""
        self._spool.append(encoded, self._spool.count, frame.captured_ns)

    @property
    def kept(self) -> int:
        """As :class:`Sink` says."""
        return self._spool.count

    def close(self, unwanted: Callable[[], bool]) -> None:
        """As :class:`Sink` says."""
        self._spool.close()

        def go_on(done: int, total: int) -> None:
            if unwanted():
                raise JobCancelled("the recording was cancelled", reason="on request")

        if self._loose and not unwanted():
            with contextlib.suppress(JobCancelled):
                self._size = unpack(self._out, self._kind, progress=go_on)

    def commit(self) -> None:
        """As :class:`Sink` says."""

    def discard(self) -> None:
        """As :class:`Sink` says."""
        pictures = (picture_name(number, self._kind) for number in range(self._spool.count))
        # There were none of these names when it began: they are this recording's.
        for name in (DATA, INDEX, *pictures):
            (self._out / name).unlink(missing_ok=True)
        if self._made and not any(self._out.iterdir()):
            self._out.rmdir()


def _taken(out: Path, remedy: str) -> ConfigError:
    return ConfigError(f"{out} holds a recording already; {remedy}", option="out")
