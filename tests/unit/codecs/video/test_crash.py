"""A recording is readable while it is written, after its writer was killed, and after the disk was full."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.writer import VideoWriter
from tests.unit.codecs.video.cards import FPS, START_NS, STEP_NS, number, numbers, write

CHILD = """
import sys
from rushes.codecs.video.writer import VideoWriter
from tests.unit.codecs.video.cards import FPS, write
writer = VideoWriter(sys.argv[1], 640, 360, fps=FPS)
write(writer, range(93))
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=30)


def test_readable_while_it_is_written(tmp_path):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 640, 360, fps=FPS) as writer:
        for begin in range(0, 80, 20):
            write(writer, range(begin, begin + 20))
            seen = numbers(path) if begin else []
            # All groups that were followed by another one; the one being made comes with the next.
            assert seen == list(range((begin + 19) // FPS * FPS))
    assert numbers(path) == list(range(80))


def test_a_killed_writer_loses_at_most_one_group(tmp_path):
    path = tmp_path / "a.mp4"
    root = Path(__file__).resolve().parents[4]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(root), str(root / "src")))},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        child.send_signal(signal.SIGKILL)
        child.wait(30)
    with MediaInput(path) as media:
        assert [number(each) for each in media.frames()] == list(range(75))
        assert not media.damage.any
        media.seek(2.3)
        assert number(next(media.frames())) == 50
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=nb_read_frames",
        "-of",
        "csv=p=0",
    ]
    done = subprocess.run([*probe, str(path)], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("75", "")


def test_a_full_disk_keeps_what_was_whole(small_disk, capfd):
    path = small_disk / "a.mp4"
    with VideoWriter(path, 640, 360, fps=FPS, gop_s=0.4) as writer:
        with pytest.raises(OSError) as refused:
            write(writer, range(1000), spread=60)
        assert refused.value.errno == errno.ENOSPC
        assert type(refused.value) is OSError
        with pytest.raises(OSError) as again:
            writer.write(np.zeros((540, 640), np.uint8), START_NS + 10_000 * STEP_NS)
        assert again.value.errno == errno.ENOSPC
    assert capfd.readouterr().err == ""
    assert path.stat().st_size == writer.bytes_written
    with MediaInput(path) as media:
        seen = [number(each) for each in media.frames()]
        assert not media.damage.any
    assert seen == list(range(len(seen)))
    assert len(seen) >= 10
    assert len(seen) % 10 == 0


def test_a_disk_that_is_full_at_the_end(small_disk):
    (small_disk / "other").write_bytes(bytes(512 * 1024 - 4096 * 3))
    writer = VideoWriter(small_disk / "a.mp4", 640, 360, fps=FPS, gop_s=60)
    write(writer, range(20), spread=60)
    with pytest.raises(OSError) as refused:
        writer.close()
    assert refused.value.errno == errno.ENOSPC
    writer.close()


def test_a_disk_that_is_full_at_once(small_disk):
    with pytest.raises(OSError) as refused:
        (small_disk / "other").write_bytes(bytes(1024 * 1024))
    assert refused.value.errno == errno.ENOSPC
    with pytest.raises(OSError) as refused:
        VideoWriter(small_disk / "a.mp4", 640, 360, fps=FPS)
    assert refused.value.errno == errno.ENOSPC
    assert not (small_disk / "a.mp4").exists()
