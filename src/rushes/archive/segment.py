"""One segment while it is written: a growing file, and each group of pictures as soon as it is whole in it."""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

from rushes.archive.records import Gop, Sample
from rushes.codecs.video.fragments import probe
from rushes.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushes.codecs.colour import Pixels
    from rushes.codecs.video.fragments import Layout
    from rushes.codecs.video.media import Packet
    from rushes.codecs.video.writer import VideoWriter

__all__ = ["SegmentFile", "sound", "sync_folder"]


class SegmentFile:
    """The file at ``path``, which must not exist, made by the VideoWriter that ``make`` gives for it.

    The writer holds back a group of pictures and puts it into the file when the next one begins; the file grows
    by nothing else. So a write after which the file is longer has completed a group, which is read back: what
    the index says of it is what really lies there. One thread at a time. OSError when the disk is full, and when
    what is read back is something else; the picture is then lost with those of its group, see :meth:`give_up`.
    """

    def __init__(self, path: Path, make: Callable[[BinaryIO], VideoWriter]) -> None:
        self.path = path
        self.extradata = b""
        self._file = _made(path)
        try:
            self._writer = make(self._file)
        except BaseException:  # whatever was wrong, a file without a writer is of no use
            self._file.close()
            path.unlink()
            raise
        self._init = self._whole = self._writer.bytes_written
        self._pending: deque[tuple[int, int | None]] = deque()

    @property
    def size(self) -> int:
        """Bytes of the file up to the end of its last whole group of pictures."""
        return self._whole

    @property
    def pending(self) -> int:
        """Pictures that are in no whole group yet."""
        return len(self._pending)

    def write(self, array: Pixels, t_ns: int, number: int | None) -> Gop | None:
        """One picture more; the group of pictures before it, if this one has completed that."""
        return self._written(lambda: self._writer.write(array, t_ns), t_ns, number)

    def write_packet(self, packet: Packet, t_ns: int, number: int | None) -> Gop | None:
        """One coded picture more, a key frame first; the group before it, if this one has completed that."""
        return self._written(lambda: self._writer.write_packet(packet), t_ns, number)

    def finish(self) -> Gop | None:
        """Ends the file; its last group of pictures. Raises as a write does.

        The bytes may still be on their way to the disk: see :meth:`sync`.
        """
        self._writer.close()
        if self._writer.error is not None:
            raise self._writer.error
        return self._completed(self._writer.bytes_written)

    def give_up(self) -> int:
        """After an OSError: cuts off what is not whole; how many pictures are lost by that."""
        with contextlib.suppress(OSError):  # the first one, told again
            self._writer.close()
        os.ftruncate(self._file.fileno(), self._whole)
        lost = len(self._pending)
        self._pending.clear()
        return lost

    def sync(self) -> None:
        """Waits until all of it is on the disk, and closes it. May be called from another thread, once."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Deletes the file: there is no picture in it."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _written(self, write: Callable[[], int], t_ns: int, number: int | None) -> Gop | None:
        try:
            size = write()
        except OSError:
            self._pending.append((t_ns, number))  # lost with those before it, see give_up()
            raise
        self._pending.append((t_ns, number))
        return self._completed(size)

    def _completed(self, size: int) -> Gop | None:
        if size <= self._whole or not self._pending:
            return None
        head = os.pread(self._file.fileno(), self._init, 0)
        fragment = os.pread(self._file.fileno(), size - self._whole, self._whole)
        layout = self._layout(head + fragment)
        self.extradata = self.extradata or layout.extradata
        begin = at = layout.samples[0].position
        samples, data = [], memoryview(fragment)
        for each, (t_ns, number) in zip(layout.samples, self._pending, strict=False):
            if each.position != at:
                raise self._other()
            crc = zlib.crc32(data[at - len(head) : at - len(head) + each.size])
            samples.append(Sample(t_ns, number, each.size, crc))
            at += each.size
        if len(samples) < len(layout.samples):
            raise self._other()
        for _ in samples:
            self._pending.popleft()
        gop = Gop(self._whole + begin - len(head), tuple(samples))
        self._whole = size
        return gop

    def _layout(self, data: bytes) -> Layout:
        try:
            layout = probe(data)
        except DecodeError as error:
            raise self._other() from error
        if not layout.samples:
            raise self._other()
        return layout

    def _other(self) -> OSError:
        return OSError(errno.EIO, "the file is not what was written", str(self.path))


def _made(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb+", buffering=0)
    except FileNotFoundError:
        # The folder was tidied away in between, as one that is empty and old: pictures may be of any time.
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb+", buffering=0)


def sync_folder(folder: Path) -> None:
    """Waits until the names in it are on the disk: a file's own sync does not write its name."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sound(fd: int, gop: Gop) -> bool:
    """Whether the bytes of that group of pictures in the open file are those that were written."""
    data, at = memoryview(os.pread(fd, gop.length, gop.offset)), 0
    for sample in gop.samples:
        if zlib.crc32(data[at : at + sample.size]) != sample.crc:
            return False
        at += sample.size
    return at == len(data)
