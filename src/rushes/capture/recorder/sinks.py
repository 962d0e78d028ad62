"""Where frames go: a video file, or a spool in a folder."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Protocol

from rushes.capture.recorder.spool import DATA, INDEX, SpoolWriter
from rushes.capture.recorder.unpacking import SUFFIXES, picture_name, unpack
from rushes.codecs import jpeg, to_pixels
from rushes.errors import ConfigError, FrameError, JobCancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.codecs.video.media import Packet
    from rushes.frame import Frame
    from rushes.interfaces import SourceInfo

__all__ = ["Pictures", "Sink", "Video"]

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

    def keep(self, encoded: Any, frame: Frame) -> None:
        """Keeps it, in the order of the frames. OSError when the disk is full."""
        ...

    @property
    def kept(self) -> int:
        """Frames that can be had from the output, known after ``close``."""
        ...

    def close(self, unwanted: Callable[[], bool]) -> None:
        """Finishes what was written. OSError when the disk is full: then it is finished as far as it goes.

        ``unwanted`` is asked now and again: once it says so, no more work is done than ``discard`` needs.
        """
        ...

    def discard(self) -> None:
        """After ``close``: deletes what this recording made, and nothing else."""
        ...


class Video:
    """A fragmented MP4 in a file of its own. ConfigError when the name is taken, unless ``overwrite``."""

    def __init__(self, out: Path, info: SourceInfo, quality: int, *, overwrite: bool) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Made at once and by us alone, so that a cancel can never delete what somebody else put there.
            self._file = open(out, "wb" if overwrite else "xb", buffering=0)  # noqa: SIM115  closed by close()
        except FileExistsError:
            raise ConfigError(f"{out} exists; give another name, or overwrite=True", option="out") from None
        self._out, self._info, self._quality = out, info, quality
        self._writer: Any = None
        self._layout = ""
        self._kept = 0
        self._cut = False  # a full disk cut off the end: what the coder took is not all there

    @property
    def size(self) -> int:
        """As :class:`Sink` says."""
        return self._writer.bytes_written if self._writer else 0

    def encode(self, frame: Frame) -> Any:
        """The pixels: an MP4 is encoded in order, by :meth:`keep`."""
        return to_pixels(frame.array, frame.format)

    def keep(self, encoded: Any, frame: Frame) -> None:
        """As :class:`Sink` says; FrameError for a frame of another format or size than the first."""
        array, layout = encoded
        if self._writer is None:
            self._begin(array, layout)
        elif layout != self._layout:
            raise FrameError(f"the recording is of {self._layout}, this frame is {layout}", format=layout)
        try:
            self._writer.write(array, frame.captured_ns)
        except OSError:
            self._cut = True
            raise
        self._kept += 1

    def _begin(self, array: Any, layout: str) -> None:
        from rushes.codecs.video.writer import VideoWriter
        from rushes.frame import picture_size

        height, width = picture_size(array.shape, layout)
        self._layout = layout
        self._writer = VideoWriter(
            self._file, width, height, fps=min(1000.0, self._info.fps), format=layout, quality=self._quality
        )

    def close(self, unwanted: Callable[[], bool]) -> None:
        """As :class:`Sink` says. A recording without a frame leaves no file: nothing could play it."""
        failed: OSError | None = None
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            failed, self._cut = error, True
        finally:
            self._file.close()
        if self._kept == 0:
            self.discard()
        elif self._cut and not unwanted():
            self._kept = self._count()
        if failed is not None:
            raise failed

    def discard(self) -> None:
        """As :class:`Sink` says."""
        self._out.unlink(missing_ok=True)

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

        with contextlib.suppress(RushesError), MediaInput(self._out) as media:
            whole = 0
            group: list[Packet] = []
            for packet in media.packets():
                if packet.keyframe:
                    whole, group = whole + len(group), []
                group.append(packet)
            return whole + sum(len(media.decode(packet)) for packet in group)
        return 0


class Pictures:
    """A spool in a folder; ``kind`` "jpeg", "qoi" or "png". PNG is spooled as QOI: it is too slow to keep up.

    With ``loose`` the end makes one file of each picture, ``00000000.jpg`` and so on.
    """

    def __init__(self, out: Path, kind: str, quality: int, *, loose: bool) -> None:
        self._out, self._kind, self._quality, self._loose = out, kind, quality, loose
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
