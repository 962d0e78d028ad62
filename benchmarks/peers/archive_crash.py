"""Records a film into many channels until it is killed: ``archive_crash.py FOLDER FILM CHANNELS START_NS PICTURES``.

The coded pictures are copied, the first PICTURES as fast as they can be written. Then it says so, and goes on slowly:
a channel that nothing comes for is made a finished file soon.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rushes.archive import Archive
from rushes.codecs.video.demux import MediaInput
from rushes.interfaces import CodedPicture

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_S = 0.25
GROUP = 25
MEMORY_BYTES = 256 << 20


class Film:
    """The file's coded pictures, as those of a camera since ``start_ns``."""

    def __init__(self, path: str, start_ns: int, fast: int) -> None:
        self._input = MediaInput(path)
        self.media = self._input.info
        self._start_ns, self._fast = start_ns, fast

    def packets(self) -> Iterator[CodedPicture]:
        for number, packet in enumerate(self._input.packets()):
            if number >= self._fast:
                time.sleep(SLOW_S)
            yield CodedPicture(packet, self._start_ns + number * 1_000_000_000 // GROUP, number)

    def stats(self) -> None:
        """Nothing to tell."""

    def close(self) -> None:
        self._input.close()


def main() -> None:
    folder, path = sys.argv[1:3]
    channels, start_ns, pictures = map(int, sys.argv[3:6])
    archive = Archive(folder, min_free_bytes=0)
    recordings = [
        archive.record(
            f"camera {at}", Film(path, start_ns, pictures), segment_s=3600, memory_bytes=MEMORY_BYTES
        )
        for at in range(channels)
    ]
    while any(each.stats().written < pictures - GROUP for each in recordings):
        time.sleep(0.05)
    print("ready", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
