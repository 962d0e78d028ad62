from __future__ import annotations

import errno
import io
import os
import zlib

import av
import numpy as np
import pytest

from rushes.archive.segment import SegmentFile
from rushes.codecs.video.writer import VideoWriter

T = 1_700_000_000_000_000_000
PERIOD = 40_000_000


def picture(number, height=180, width=320):
    noise = np.random.default_rng(number).integers(60, 190, (height * 3 // 2, width), np.uint8)
    noise[: height // 2] = (
        number % 200
    )  # not all of it new, so that not every picture is as large as a key frame
    return noise


def segment(path, height=180, width=320, **options):
    return SegmentFile(path, lambda file: VideoWriter(file, width, height, fps=25, **options))


def written(file, count, first=0):
    gops = [file.write(picture(n), T + n * PERIOD, n) for n in range(first, first + count)]
    return [gop for gop in gops if gop is not None]


def check(path, gops):
    """The samples are those that a reader of the whole file finds, and what the CRC says."""
    data = path.read_bytes()
    with av.open(io.BytesIO(data), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    samples = [(gop, sample) for gop in gops for sample in gop.samples]
    assert [packet.size for packet in packets[: len(samples)]] == [sample.size for _, sample in samples]
    at = iter(packets)
    for gop in gops:
        offset = gop.offset
        for number, sample in enumerate(gop.samples):
            packet = next(at)
            assert packet.pos == offset
            assert packet.is_keyframe == (number == 0)
            assert zlib.crc32(data[offset : offset + sample.size]) == sample.crc
            assert zlib.crc32(bytes(packet)) == sample.crc
            offset += sample.size
        assert offset == gop.offset + gop.length


def test_each_group_is_told_when_the_next_one_begins(tmp_path):
    file = segment(tmp_path / "a" / "x.mp4")
    gops = written(file, 60)
    assert [len(gop.samples) for gop in gops] == [25, 25]
    assert file.pending == 10
    assert (gops[0].t_ns, gops[0].end_ns) == (T, T + 24 * PERIOD)
    assert [sample.number for sample in gops[1].samples] == list(range(25, 50))
    # Readable by others while it is written.
    check(file.path, gops)
    assert file.path.stat().st_size == file.size
    gops.append(file.finish())
    assert len(gops[2].samples) == 10
    check(file.path, gops)
    assert file.pending == 0
    file.sync()
    assert b"avcC" not in file.extradata
    assert file.extradata[0] == 1


def test_a_group_larger_than_the_library_writes_at_once(tmp_path):
    file = segment(tmp_path / "x.mp4", 720, 1280, quality=100)
    big = np.random.default_rng(1).integers(0, 256, (1080, 1280), np.uint8)
    gops = []
    for n in range(8):
        gop = file.write(np.roll(big, n * 7), T + n * 250_000_000, n)
        gops += [gop] if gop is not None else []
    gops.append(file.finish())
    file.sync()
    assert max(gop.length for gop in gops) > 2 << 20
    check(file.path, gops)


def test_moments_and_numbers_that_waver(tmp_path):
    file = segment(tmp_path / "x.mp4")
    times = [T, T + 1, T + 900_000_000, T + 999_999_999, T + 5_000_000_001, T + 5_000_000_002]
    for t_ns, number in zip(times, [7, None, 7, 3, 2**63, 0], strict=True):
        file.write(picture(0), t_ns, number)
    # Half a picture early is nearer to a second than half a picture late: the fourth began a group already.
    last = file.finish()
    file.sync()
    assert [(each.t_ns, each.number) for each in last.samples] == [(times[4], 2**63), (times[5], 0)]


def test_a_file_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        segment(path)
    assert path.read_bytes() == b"precious"


def test_settings_that_cannot_be_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="fps"):
        SegmentFile(tmp_path / "x.mp4", lambda file: VideoWriter(file, 64, 64, fps=-1))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_what_is_whole(tmp_path, monkeypatch):
    file = segment(tmp_path / "x.mp4")
    gops = written(file, 30)
    raw = file._writer._output._file

    class Full:
        """Takes a part of the next write, as a real disk does before it refuses."""

        def write(self, data):
            raw.write(bytes(data[:100]))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __getattr__(self, name):
            return getattr(raw, name)

    monkeypatch.setattr(file._writer._output, "_file", Full())
    with pytest.raises(OSError, match="space"):
        written(file, 30, first=30)
    assert file.path.stat().st_size == file.size + 100
    assert file.give_up() == 26  # those of the second group, and the one that would have begun the third
    assert file.path.stat().st_size == file.size
    assert file.pending == 0
    file.sync()
    check(file.path, gops)


def test_a_file_changed_under_the_hand_is_noticed(tmp_path):
    file = segment(tmp_path / "x.mp4")
    written(file, 24)
    file._init += 1  # so that what is read back makes no sense
    with pytest.raises(OSError, match="not what was written"):
        written(file, 30, first=24)
    assert file.give_up() == 26
    file.discard()
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_at_the_very_end_is_told(tmp_path, monkeypatch):
    file = segment(tmp_path / "x.mp4")
    gops = written(file, 30)
    raw = file._writer._output._file

    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __getattr__(self, name):
            return getattr(raw, name)

    monkeypatch.setattr(file._writer._output, "_file", Full())
    with pytest.raises(OSError, match="space"):
        file.finish()
    assert file.give_up() == 5
    file.sync()
    check(file.path, gops)
