"""Only what captures made is ever deleted, and nobody deletes what another is still writing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rushes.compat.captured_folder import CapturedFolder
from rushes.errors import ConfigError


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.startswith(".")}


def captured(folder: Path, count: int = 3) -> CapturedFolder:
    made = CapturedFolder(folder)
    with made.claimed():
        for number in range(count):
            made.add(b"picture", "jpg", number)
    return made


def test_clearing_leaves_what_is_not_a_captures(tmp_path):
    folder = tmp_path / "a" / "b"
    made = captured(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "holiday.jpg").write_text("mine")
    (folder / "00000001.txt").write_text("mine")
    (folder / "0001.jpg").write_text("mine")
    (folder / "00000007.jpg").mkdir()
    (folder / "00000008.jpg").symlink_to(folder / "holiday.jpg")
    made.clear()
    left = {"notes.txt", "holiday.jpg", "00000001.txt", "0001.jpg", "00000007.jpg", "00000008.jpg"}
    assert names(folder) == left
    made.clear()
    assert names(folder) == left


def test_a_folder_that_no_capture_used_is_not_touched(tmp_path):
    (tmp_path / "00000001.jpg").write_text("mine")
    folder = CapturedFolder(tmp_path)
    folder.clear()
    with pytest.raises(ConfigError, match="no capture made"), folder.claimed():
        pass
    assert names(tmp_path) == {"00000001.jpg"}


def test_a_folder_that_is_not_there_is_clear(tmp_path):
    CapturedFolder(tmp_path / "none").clear()
    assert not (tmp_path / "none").exists()


def test_only_its_user_may_look_into_a_folder_that_was_made(tmp_path):
    captured(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_who_writes_is_let_alone_also_by_other_processes(tmp_path):
    made = captured(tmp_path)
    program = (
        "import sys, pathlib; from rushes.compat.captured_folder import CapturedFolder\n"
        "with CapturedFolder(pathlib.Path(sys.argv[1])).claimed():\n"
        "    print('writing', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        with pytest.raises(ConfigError, match="is writing"):
            made.clear()
        with pytest.raises(ConfigError, match="is writing"), made.claimed(shared=True):
            pass
        other.kill()
    made.clear()
    assert names(tmp_path) == set()


def test_those_who_share_a_folder_never_write_over_each_other(tmp_path):
    first, second = captured(tmp_path, 2), CapturedFolder(tmp_path)
    with first.claimed(shared=True), second.claimed(shared=True):
        assert [first.add(b"a", "jpg", 0), second.add(b"b", "jpg", 0), first.add(b"c", "png", 0)] == [2, 3, 0]
    assert (tmp_path / "00000000.jpg").read_bytes() == b"picture"
    assert (tmp_path / "00000003.jpg").read_bytes() == b"b"


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    made = captured(tmp_path, 0)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"), made.claimed():
        made.add(b"a", "jpg", 0)
    assert names(tmp_path) == set()
