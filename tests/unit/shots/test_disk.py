"""Disks that refuse, and processes that are killed: an error with its cause, and never half a file."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushes.errors import CorruptImage
from rushes.shots.files import kind_of
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_saver import made

__all__ = ["made"]


@pytest.fixture
def mounted(tmp_path: Path):
    """A small file system of its own, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(("size=64k", *options)), "shots", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip("this user may not mount")
        return Path(place)

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, timeout=30, check=False)


def test_a_full_disk_is_an_error_and_harms_no_other(made, mounted):
    disk = mounted()
    (disk / "ballast").write_bytes(bytes(65536))
    saver, states = made({"gate": lambda dt: frame(1)}), []
    for name in ("a.bmp", "b.bmp"):
        guid, path = saver.save(
            "gate", file_name=name, file_path=f"{disk}/", callback=lambda *news: states.append(news)
        )
        error = saver.handle(guid).exception(30)
        assert isinstance(error, OSError)
        assert error.errno == errno.ENOSPC
        assert not os.path.exists(path)
    assert os.listdir(disk) == ["ballast"]
    assert saver.handle(saver.save("gate")[0]).result(30).path
    assert saver.wait(30)
    assert [state for _, state in states].count("error") == 2
    (disk / "ballast").unlink()
    assert saver.handle(saver.save("gate", file_name="a.bmp", file_path=f"{disk}/")[0]).result(30).path


def test_a_read_only_disk_is_an_error_with_its_cause(made, mounted):
    disk = mounted("ro")
    calls = []
    saver = made({"gate": lambda dt: (calls.append(dt), frame(1))[1]})
    guid, _ = saver.save("gate", file_path=f"{disk}/new")
    error = saver.handle(guid).exception(30)
    assert isinstance(error, OSError)
    assert error.errno == errno.EROFS
    assert len(calls) == 1  # the picture was there: asking the camera again would not mend the disk
    assert saver.handle(saver.save("gate")[0]).result(30).path


def test_a_folder_that_is_a_file_is_an_error(made, tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    saver = made()
    guid, _ = saver.save("gate", file_path=f"{tmp_path}/taken/")
    with pytest.raises(OSError, match="taken"):
        saver.handle(guid).result(30)


SAVING = """
import sys
import numpy as np
from rushes.shots import ShotSaver
from rushes import Frame
noise = Frame(np.random.default_rng(0).integers(0, 255, (400, 400, 3), dtype=np.uint8), 0)
saver = ShotSaver(4, channels={"gate": lambda dt: noise})
saver.screenshots_folder = sys.argv[1]
print("go", flush=True)
number = 0
while True:
    for _ in range(20):
        number += 1
        saver.save("gate", dt=float(number), file_name=f"{number}.bmp")
    saver.wait()
"""


def test_kill_9_at_any_time_leaves_only_whole_files(tmp_path):
    from PIL import Image

    for attempt in range(3):
        folder = tmp_path / str(attempt)
        child = subprocess.Popen([sys.executable, "-c", SAVING, str(folder)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"go\n"
        while not folder.exists() or len(os.listdir(folder)) < 5 * (attempt + 1):
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
        files = sorted(folder.glob("*.bmp"))
        assert files
        assert {path.stat().st_size for path in files} == {400 * 400 * 3 + 54}
        for path in files:
            with Image.open(path) as image:
                image.load()


LAST_LINE = """
import sys, time
from rushes.shots import ShotSaver
from tests.unit.shots.pictures import frame
saver = ShotSaver(channels={"gate": lambda dt: time.sleep(0.2) or frame(1)},
                  callback=lambda guid, state: print(state, flush=True))
saver.screenshots_folder = sys.argv[1]
saver.save("gate", file_name="x.jpg")
"""


def test_a_program_whose_last_line_is_save_still_saves(tmp_path):
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LAST_LINE, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["in_queue", "saving", "success"], done.stderr
    assert kind_of((tmp_path / "x.jpg").read_bytes()) == "jpeg"
    with pytest.raises(CorruptImage):
        kind_of((tmp_path / "x.jpg").read_bytes()[:-5])
