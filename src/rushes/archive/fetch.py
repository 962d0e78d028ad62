"""Bytes out of segments: read where the index says, and believed only when their check sums are right."""

from __future__ import annotations

import errno
import os
import threading
import zlib
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rushes.archive.unused import Unused
from rushes.clock import SYSTEM
from rushes.errors import ArchiveCorrupt, ArchiveError
from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rushes.archive.records import Found, Segment

__all__ = ["ColdReads", "Fetch", "LocalFetch", "Reads", "read_samples"]

_OPEN_FILES = 32


class Reads(Protocol):
    """Where the bytes of a segment come from."""

    def read(self, segment: Segment, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes from ``offset``; ArchiveCorrupt naming the path when they are not there."""
        ...


class ColdReads(Protocol):
    """What is asked of a cold store here."""

    def read(self, key: str, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset`` of what lies under ``key``; ArchiveError when they cannot be had."""
        ...


def read_samples(fetch: Reads, found: Found, first: int, end: int) -> list[memoryview]:
    """The coded pictures ``first`` to before ``end`` of a group, counted from 0, by one read.

    ArchiveCorrupt, naming the path, unless every byte is what was written.
    """
    segment, samples = found.segment, found.gop.samples
    offset = found.gop.offset + sum(sample.size for sample in samples[:first])
    wanted = samples[first:end]
    if not wanted:
        return []
    data = memoryview(fetch.read(segment, offset, sum(sample.size for sample in wanted)))
    taken, at = [], 0
    for sample in wanted:
        piece = data[at : at + sample.size]
        at += sample.size
        if len(piece) != sample.size or zlib.crc32(piece) != sample.crc:
            raise ArchiveCorrupt(
                f"{segment.path} is damaged: the picture of {sample.t_ns} ns is not what was written",
                path=segment.path,
                channel=segment.channel,
            )
        taken.append(piece)
    return taken


class Fetch(Closeable):
    """Segments below the folder ``root``, or in the store ``cold`` where the index says so. Any thread.

    From the first read on a thread gives back what nobody reads any more: files, and whatever ``spare`` of
    :meth:`add` knows of.
    """

    def __init__(self, root: str | os.PathLike[str], cold: ColdReads | None = None) -> None:
        super().__init__()
        self._local = LocalFetch(root)
        self._cold = cold
        self._unused = Unused(self._local.sweep)

    def add(self, spare: Callable[[float], bool]) -> None:
        """Lets ``spare(idle_s)`` forget what was not asked for so long, on another thread; whether any is left."""
        self._unused.add(spare)

    def read(self, segment: Segment, offset: int, length: int) -> bytes:
        """As :class:`Reads` says; ArchiveError when the cold store cannot be reached, or none was named."""
        self._check_open()
        self._unused.touch()
        if not segment.cold:
            return self._local.read(segment, offset, length)
        if self._cold is None:
            raise ArchiveError(
                f"{segment.path} was moved to a cold store: open the archive with cold=",
                channel=segment.channel,
            )
        return self._cold.read(segment.cold, offset, length)

    def _close(self) -> None:
        self._unused.close()
        self._local.close()


class LocalFetch(Closeable):
    """Segments below the folder ``root``. The files read last, at most 32, stay open. Any thread.

    A file that was deleted meanwhile can be read by who has begun to; its descriptor is given back when the
    next file is opened, and by :meth:`sweep`.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__()
        self._root = Path(root)
        self._lock = threading.Lock()
        self._files: OrderedDict[str, _Descriptor] = OrderedDict()

    def read(self, segment: Segment, offset: int, length: int) -> bytes:
        """As :class:`Reads` says."""
        self._check_open()
        try:
            with self._opened(segment.path) as fd:
                data = os.pread(fd, length, offset)
                while 0 < len(data) < length:  # one call gives 2 GiB at most, and less after a signal
                    more = os.pread(fd, length - len(data), offset + len(data))
                    if not more:
                        break
                    data += more
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise  # this process's lack says nothing about the file
            raise ArchiveCorrupt(
                f"{segment.path} cannot be read: {error.strerror}", path=segment.path, channel=segment.channel
            ) from error
        if len(data) != length:
            raise ArchiveCorrupt(
                f"{segment.path} is damaged: it ends {length - len(data)} bytes too early",
                path=segment.path,
                channel=segment.channel,
            )
        return data

    def sweep(self, idle_s: float) -> bool:
        """Closes files that were deleted, whose bytes the disk keeps until then, and those that nobody read since
        ``idle_s`` seconds; whether any is left.
        """
        since_ns = SYSTEM.monotonic_ns() - round(idle_s * 1e9)
        with self._lock:
            looked_at = list(self._files.items())
            for _, file in looked_at:
                file.users += 1
        over = {id(file) for _, file in looked_at if file.read_ns <= since_ns or file.deleted()}
        with self._lock:
            old = [
                self._files.pop(path)
                for path, file in looked_at
                if id(file) in over and self._files.get(path) is file
            ]
            left = bool(self._files)
        self._release([file for _, file in looked_at])
        self._release(old)
        return left

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        file = self._known(path) or self._fresh(path)
        try:
            yield file.fd
        finally:
            self._release([file])

    def _known(self, path: str) -> _Descriptor | None:
        with self._lock:
            file = self._files.get(path)
            if file is not None:
                self._files.move_to_end(path)
                file.users += 1
                file.read_ns = SYSTEM.monotonic_ns()
            return file

    def _fresh(self, path: str) -> _Descriptor:
        file = _Descriptor(os.open(self._root / path, os.O_RDONLY | os.O_CLOEXEC))
        with self._lock:
            old = [self._files.pop(path)] if path in self._files else []  # another thread was as fast
            old += [self._files.pop(each) for each, other in list(self._files.items()) if other.deleted()]
            while len(self._files) >= _OPEN_FILES:
                old.append(self._files.popitem(last=False)[1])
            if not self.closed:
                self._files[path] = file
                file.users += 1
        self._release(old)
        return file

    def _release(self, files: list[_Descriptor]) -> None:
        with self._lock:
            for file in files:
                file.users -= 1
            over = [file for file in files if not file.users]
        for file in over:
            os.close(file.fd)

    def _close(self) -> None:
        with self._lock:
            files = list(self._files.values())
            self._files.clear()
        self._release(files)


class _Descriptor:
    """An open file: ``users`` counts who reads it now, and one more while it is kept for the next."""

    __slots__ = ("fd", "read_ns", "users")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.users = 1
        self.read_ns = SYSTEM.monotonic_ns()

    def deleted(self) -> bool:
        try:
            return os.fstat(self.fd).st_nlink == 0
        except OSError:
            return True  # so a network's file system tells of one that was deleted elsewhere
