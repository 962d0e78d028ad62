"""Frames into a video file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Any, BinaryIO

from rushes.capture.recorder.budget import Bounded, Groups
from rushes.codecs import to_pixels
from rushes.errors import ConfigError, FrameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.codecs.video.media import Packet
    from rushes.frame import Frame
    from rushes.interfaces import SourceInfo

__all__ = ["Video"]


class Video:
    """A fragmented MP4 in a file of its own, never longer than ``budget`` bytes.

    ConfigError when the name is taken, unless ``overwrite``: then it is made beside, ``clip.part.mp4`` for
    ``clip.mp4``, and takes the place of the old file when it is finished and wanted. One that a death left there
    is written over.
    """

    def __init__(
        self, out: Path, info: SourceInfo, quality: int, budget: int | None, *, overwrite: bool
    ) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        self._out = self._place = out
        try:
            # Made at once and by us alone, so that a cancel can never delete what somebody else put there.
            self._file: BinaryIO = open(out, "xb", buffering=0)  # noqa: SIM115  closed by close()
        except FileExistsError:
            if not overwrite or not out.is_file():
                remedy = "another name, or overwrite=True" if out.is_file() else "the name of a file"
                raise ConfigError(f"{out} exists; give {remedy}", option="out") from None
            self._place = out.with_name(f"{out.stem}.part{out.suffix}")
            self._file = _alone(self._place)
        self._info, self._quality = info, quality
        self._bounded = Bounded(self._file, budget)
        self._groups = None if budget is None else Groups(budget)
        self._writer: Any = None
        self._layout = ""
        self._kept = 0
        self._cut = False  # a full disk cut off the end: what the coder took is not all there
        self._whole = 0

    @property
    def size(self) -> int:
        """As :class:`Sink` says."""
        if self._file.closed:
            return self._whole
        return self._writer.bytes_written if self._writer else 0

    def encode(self, frame: Frame) -> Any:
        """The pixels: an MP4 is encoded in order, by :meth:`keep`."""
        return to_pixels(frame.array, frame.format)

    def fits(self, encoded: Any) -> bool:
        """As :class:`Sink` says."""
        return self._groups is None or self._groups.fits()

    def keep(self, encoded: Any, frame: Frame) -> None:
        """As :class:`Sink` says; FrameError for a frame of another format or size than the first."""
        array, layout = encoded
        try:
            if self._writer is None:
                self._begin(array, layout)
            elif layout != self._layout:
                raise FrameError(f"the recording is of {self._layout}, this frame is {layout}", format=layout)
            begins = self._groups is not None and self._groups.begins()
            size = self._writer.write(array, frame.captured_ns, keyframe=begins)
            if self._bounded.failed is not None:
                raise self._bounded.failed
        except OSError:
            self._cut = True
            raise
        self._whole = size
        self._kept += 1
        if self._groups is not None:
            self._groups.took(size)

    def _begin(self, array: Any, layout: str) -> None:
        from rushes.codecs.video.writer import VideoWriter
        from rushes.frame import picture_size

        height, width = picture_size(array.shape, layout)
        self._layout = layout
        file: Any = self._bounded
        self._writer = VideoWriter(
            file, width, height, fps=min(1000.0, self._info.fps), format=layout, quality=self._quality
        )

    def close(self, unwanted: Callable[[], bool]) -> None:
        """As :class:`Sink` says. A recording without a frame leaves no file: nothing could play it."""
        told, failed = self._cut, None
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            failed = error
        failed = failed or self._bounded.failed
        try:
            if failed is not None:
                self._cut = True
                self._file.truncate(self._whole)  # the torn beginning of a group
            elif self._writer is not None:
                self._whole = self._writer.bytes_written
        finally:
            self._file.close()
        if self._cut and self._kept and not unwanted():
            self._kept = self._count()
        if self._kept == 0:
            self.discard()
        if failed is not None and not told:
            raise failed

    def commit(self) -> None:
        """As :class:`Sink` says."""
        if self._kept and self._place != self._out:
            os.replace(self._place, self._out)

    def discard(self) -> None:
        """As :class:`Sink` says."""
        self._place.unlink(missing_ok=True)
        self._whole = 0

    @property
    def kept(self) -> int:
        """As :class:`Sink` says."""
        return self._kept

    def _count(self) -> int:
        """What can be decoded of a file that a full disk cut off: its coder counted more.

        Only the last group of pictures can be torn, so only that is decoded.
        """
        from rushes.codecs.video.demux import MediaInput
        from rushes.errors import RushesError

        with contextlib.suppress(RushesError), MediaInput(self._place) as media:
            whole = 0
            group: list[Packet] = []
            for packet in media.packets():
                if packet.keyframe:
                    whole, group = whole + len(group), []
                group.append(packet)
            return whole + sum(len(media.decode(packet)) for packet in group)
        return 0


def _alone(place: Path) -> BinaryIO:
    """The file, emptied; ConfigError while another recording writes it."""
    file = open(place, "ab", buffering=0)  # noqa: SIM115  closed by close()
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.seek(0)
    except BlockingIOError:
        file.close()
        raise ConfigError(f"{place} is being recorded; give another name", option="out") from None
    except BaseException:  # whatever is wrong with it, it is not kept open
        file.close()
        raise
    return file
