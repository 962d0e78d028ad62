from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.depot import Depot, list_depots
from rushes.errors import MissingExtra, SourceError
from rushes.station import measuring
from rushes.station.capacity import Camera
from rushes.station.measuring import Effort, measure, measure_machine

SMALL = Camera(320, 240, 30.0)
SOON = Effort(each_s=0.2, disk_bytes=8 << 20)


def test_each_cost_is_measured_and_nothing_stays(tmp_path):
    before = {each.name for each in list_depots()}
    told: list[str] = []
    costs = measure(SMALL, SOON, told.append)
    machine = measure_machine(tmp_path / "not" / "yet", SOON, told.append)
    assert len(told) == 4
    assert 0 < costs.put_s < costs.jpeg_s * 100
    assert costs.read_s > 0
    assert 0 < costs.wake_s < 10
    assert costs.process_bytes > 1 << 20
    assert 0 < costs.jpeg_bytes < SMALL.frame_bytes
    if costs.video_bytes is not None:
        assert 0 < costs.video_bytes < SMALL.frame_bytes
    assert machine.cores >= 1
    assert machine.memory_bytes >= machine.shm_bytes > 0
    assert machine.disk_bytes_s > 0
    assert list(tmp_path.iterdir()) == []
    assert {each.name for each in list_depots()} <= before


def test_without_pyav_only_video_is_not_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "rushes.codecs.video.writer", _Missing())
    costs = measure(SMALL, SOON, lambda what: None)
    assert costs.video_s is None
    assert costs.video_bytes is None
    assert costs.jpeg_s > 0


def test_a_reader_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr(measuring, "_BOOT", "raise SystemExit(3)")
    with pytest.raises(SourceError, match="did not start"):
        measure(SMALL, SOON, lambda what: None)


def test_a_reader_that_ends_early_is_told(monkeypatch):
    monkeypatch.setattr(measuring, "_BOOT", "print('reading')")
    with pytest.raises(SourceError, match="ended by itself"):
        measure(SMALL, SOON, lambda what: None)


def test_a_disk_that_takes_nothing_is_told(monkeypatch, tmp_path):
    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        measure_machine(tmp_path, SOON, lambda what: None)
    assert list(tmp_path.iterdir()) == []


def test_the_reading_process_ends_with_its_writer():
    home = str(Path(measuring.__file__).parents[2])
    writer = (
        "import sys; sys.path.insert(0, sys.argv[1]); from rushes.depot import Depot; import numpy\n"
        "depot = Depot.create(sys.argv[2], slots=2, shape=(4, 4)); depot.put(numpy.zeros((4, 4), numpy.uint8))\n"
        "print('made', flush=True); sys.stdin.read()"
    )
    name = "bench-dying-writer"
    line = [sys.executable, "-P", "-c"]
    with subprocess.Popen(
        [*line, writer, home, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "made\n"
        with subprocess.Popen(
            [*line, measuring._BOOT, home, name], stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            made.kill()
            made.wait(30)
            try:
                told, _ = reader.communicate(timeout=30)
            finally:
                reader.kill()
    assert told == ""
    assert reader.returncode == 0
    with Depot.create(name, slots=2, shape=(4, 4), replace="stale") as again:
        again.unlink()


class _Missing:
    def __getattr__(self, name):
        raise MissingExtra("none", extra="video", name="av")
