"""Where frames go: a video file, or a spool in a folder."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

from rushes.capture.recorder.spool import DATA, INDEX, SpoolWriter
from rushes.capture.recorder.unpacking import unpack
from rushes.codecs import jpeg, to_pixels
from rushes.errors import ConfigError, FrameError

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.codecs.video.media import Packet
    from rushes.frame import Frame
    from rushes.interfaces import SourceInfo

__all__ = ["Pictures", "Sink", "Video"]


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

    def close(self, *, keep: bool) -> int:
        """Finishes what was written, or with ``keep`` False deletes it and nothing else; how many frames are
        really there. OSError when the disk is full: then it is still finished as far as it goes.
        """
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

    def close(self, *, keep: bool) -> int:
        """As :class:`Sink` says. A recording without a frame leaves no file: nothing could play it."""
        failed: OSError | None = None
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            failed, self._cut = error, True
        finally:
            self._file.close()
        if not keep or self._kept == 0:
            self._out.unlink(missing_ok=True)
            return 0
        if self._cut:
            self._kept = self._count()
        if failed is not None:
            raise failed
        return self._kept

    @property
    def kept(self) -> int:
        """Frames that can be decoded from the file, known after ``close``."""
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
        try:
            self._spool = SpoolWriter(out)
        except FileExistsError:
            raise ConfigError(
                f"{out} holds a recording already; give another folder, or unpack that one first",
                option="out",
            ) from None
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
        """Pictures in the folder."""
        return self._spool.count

    def close(self, *, keep: bool) -> int:
        """As :class:`Sink` says."""
        self._spool.close()
        if not keep:
            for name in (DATA, INDEX):
                (self._out / name).unlink(missing_ok=True)
            if self._made and not any(self._out.iterdir()):
                self._out.rmdir()
            return 0
        if self._loose:
            self._size = unpack(self._out, self._kind)
        return self._spool.count
