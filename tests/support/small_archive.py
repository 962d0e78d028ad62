"""An archive of segments without pictures in them, for tests of what happens to files: ``SmallArchive``."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from rushes.archive.cold import ColdStore
from rushes.archive.database import Database
from rushes.archive.index import Index
from rushes.archive.records import Gop, Sample

SECOND = 1_000_000_000
START = 1_760_000_000 * SECOND
SIZE = 1000


class SmallArchive:
    """The index and the files in ``root``; each segment holds one picture of ``SIZE`` bytes a minute."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.database = Database(root)
        self.index = Index(self.database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.close()

    def add(self, minute, *, channel="gate", close=True):
        """The segment of that minute after ``START``."""
        t_ns = START + minute * 60 * SECOND
        segment = self.index.open_segment(channel, t_ns, "h264", 64, 48, 1.0)
        data = content(minute)
        path = self.root / segment.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        gop = Gop(0, (Sample(t_ns, minute, len(data), zlib.crc32(data)),))
        self.index.add_gop(segment, gop, bytes=len(data), extradata=b"x")
        if close:
            self.index.close_segment(segment.id, bytes=len(data))
        found = self.index.segment(segment.id)
        assert found is not None
        return found

    def files(self):
        """Paths of all segments on the disk."""
        place = self.root / "segments"
        return sorted(
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in os.walk(place)
            for name in names
        )

    def check(self, cold: ColdStore | None = None):
        """Every segment that the index knows can be read, wherever it says that it lies."""
        for segment in self.index.segments():
            minute = (segment.start_ns - START) // (60 * SECOND)
            if segment.cold:
                assert cold is not None
                data = cold.read(segment.cold, 0, segment.bytes)
            else:
                data = (self.root / segment.path).read_bytes()
            assert data == content(minute)


def content(minute):
    """What lies in the segment of that minute."""
    return minute.to_bytes(4, "big") * (SIZE // 4)
