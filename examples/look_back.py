"""Record a channel and look back while it runs: the picture of two seconds ago, a strip, and a clip of it.

python examples/look_back.py [FOLDER] [SOURCE]

A second run goes on in the same folder; kill it at any time and look at what is left with ``rushes archive ls``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rushes import Archive, Box, NoSuchMoment, open_source

SECOND = timedelta(seconds=1)


def main(folder: Path, uri: str) -> None:
    """Four seconds are recorded, and asked for in the meantime and afterwards."""
    with Archive(folder, max_bytes=1 << 30, min_free_bytes=0) as archive, open_source(uri) as source:
        began = datetime.now(UTC)
        recording = archive.record("door", source)
        time.sleep(3.5)

        then = datetime.now(UTC) - 2 * SECOND
        frame = archive.frame_at("door", then)
        age_ms = then.timestamp() * 1000 - frame.captured_ns / 1e6
        print(f"two seconds ago: frame {frame.number}, captured {age_ms:.0f} ms before that moment")

        archive.add_figures("door", then - SECOND, then + SECOND, [Box(0.3, 0.3, 0.4, 0.4, label="somebody")])
        archive.frame_at("door", then, figures=True).save(folder / "then.jpg")

        recording.stop()
        now = datetime.now(UTC)
        stats = recording.stats()
        print(f"written {stats.written} of {stats.offered} frames, {sum(stats.dropped.values())} dropped")

        try:
            archive.frame_at("door", began - timedelta(days=365))
        except NoSuchMoment as error:
            print(f"a year ago: nothing, {'the first picture came later' if error.after_ns else 'at all'}")

        small = archive.thumbnails("door", began, now, 4, width=160)
        print(f"a strip of {len(small)} pictures of {small[0].to('bgr24').shape[1]} pixels")
        clip = archive.clip("door", 2, folder / "last.mp4")
        print(f"{clip.path.name}: {clip.frames} frames, {'copied' if clip.copied else 'encoded anew'}")
        print("all sound" if archive.verify().ok else "damaged")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()),
        sys.argv[2] if len(sys.argv) > 2 else "testcard:640x360@25",
    )
