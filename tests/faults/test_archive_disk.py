"""An archive whose disk, or whose share of it, is full."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager

import numpy as np
import pytest

from rushes import Frame
from rushes.archive import Archive
from tests.unit.archive.films import STEP, Film, T, shown, steady

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@contextmanager
def small_disk(folder, size):
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False
    ).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Noise(Film):
    """Pictures that take much room: noise above the strip that says which they are."""

    def frame(self, number, captured_ns):
        array, chance = self.drawn(number, captured_ns), np.random.default_rng(number)
        array[:100] = chance.integers(16, 235, (100, 320), np.uint8)
        time.sleep(0.002)
        return Frame(array, number, captured_ns=captured_ns, format="i420")


def fill(path):
    with open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(16 << 10))


def size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:  # removed just now
        return 0


def record(archive, times, **options):
    recording = archive.record("cam", Noise(times), gop_s=0.2, **options)
    assert recording.wait(120)
    stats = recording.stats()
    assert stats.adds_up
    return stats


def check_what_is_there(archive, times):
    """Everything that the spans promise can be had, and is the right picture."""
    assert archive.verify().ok
    there = 0
    for span in archive.spans("cam"):
        for number, t_ns in enumerate(times):
            if span.start_ns <= t_ns <= span.end_ns:
                there += 1
                if number % 11 == 0:
                    frame = archive.frame_at("cam", t_ns / 1e9)
                    assert shown(frame) == frame.number
    assert there > 20


def test_a_full_disk_is_survived_by_what_is_oldest(tmp_path):
    times = steady(300)
    with small_disk(tmp_path / "disk", "4m") as disk, Archive(disk, min_free_bytes=1 << 20) as archive:
        stats = record(archive, times, segment_s=1)
        assert (stats.state, stats.written, stats.dropped) == ("source ended", 300, {})
        assert archive.stats().pruned > 0
        assert archive.spans("cam")[0].start_ns > T
        assert archive.spans("cam")[-1].end_ns == times[-1]
        check_what_is_there(archive, times)


def test_a_disk_that_others_fill_ends_it_cleanly(tmp_path):
    times = steady(600)
    with small_disk(tmp_path / "disk", "8m") as disk:
        (disk / "theirs").write_bytes(bytes(5 << 20))
        with Archive(disk, min_free_bytes=0) as archive:
            stats = record(archive, times)  # one file, which is never removed
            assert stats.state == "disk full"
            assert 0 < stats.written < 600
            check_what_is_there(archive, times)
        with Archive(disk, min_free_bytes=0) as archive:
            check_what_is_there(archive, times)


def test_a_disk_that_fills_while_a_file_is_written(tmp_path):
    """Without any warning: the room is gone in the middle of a group of pictures."""
    times = steady(400)
    with small_disk(tmp_path / "disk", "16m") as disk:
        with Archive(disk, min_free_bytes=0) as archive:
            film = Noise(times, hold=100)
            recording = archive.record("cam", film, gop_s=0.2, segment_s=1)
            assert film.reached.wait(60)
            while recording.stats().written < 60:
                assert not recording.wait(0.01)
            with pytest.raises(OSError, match="space"):
                fill(disk / "theirs")
            film.go_on()
            assert recording.wait(120)
            stats = recording.stats()
            assert stats.adds_up
            assert stats.written > 50
            if stats.state == "source ended":  # room was made of the oldest
                assert archive.stats().pruned > 0
            else:
                assert stats.state == "disk full"
            (disk / "theirs").unlink()
        with Archive(disk, min_free_bytes=0) as archive:
            check_what_is_there(archive, times)


def test_the_budget_is_never_broken(tmp_path):
    most, seen = 1_000_000, []
    with Archive(tmp_path / "archive", max_bytes=most, min_free_bytes=0) as archive:
        recording = archive.record("cam", Noise(steady(250)), gop_s=0.2, segment_s=1)
        while not recording.wait(0.005):
            seen.append(sum(map(size, archive.path.rglob("*.mp4"))))
        assert recording.stats().state == "source ended"
        assert recording.stats().written == 250
        assert len(seen) > 20
        assert max(seen) <= most
        assert max(seen) > most // 3
        assert archive.spans("cam")[-1].end_ns == T + 249 * STEP
        assert archive.verify().ok
