from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.wire.hub_lock import FolderLock
from rushes.wire.hub_sweep import sweep


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    (tmp_path / "state").mkdir()
    return folder


def old(folder: Path) -> Path:
    os.utime(folder, (0, 0))
    return folder


def made(place: Path, name: str, *, locked: bool = True) -> Path:
    folder = place / f"rushes-hub-{name}"
    folder.mkdir()
    (folder / "store").mkdir()
    if locked:
        (folder / "hub.lock").touch(mode=0o600)
    return old(folder)


def test_the_folder_of_a_killed_program_goes_with_the_link_to_it(place: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rushes.wire.hub_lock import FolderLock;"
        " FolderLock(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.read()"
    )
    folder, signs = made(place, "a"), place.parent / "state"
    (signs / "hub-4222").symlink_to(folder)
    words = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert sweep(place, signs) == []
        other.kill()
    assert sweep(place, signs) == [folder]
    assert not folder.exists()
    assert list(signs.iterdir()) == []


def test_a_hub_of_this_process_stays(place: Path) -> None:
    folder = made(place, "a")
    (place.parent / "state" / "hub-4222").symlink_to(folder)
    lock = FolderLock(folder)
    assert sweep(place, place.parent / "state") == []
    assert (place.parent / "state" / "hub-4222").exists()
    lock.release()
    assert sweep(place, place.parent / "state") == [folder]


@pytest.mark.parametrize("locked", [False, True])
def test_one_that_was_made_just_now_stays(place: Path, locked: bool) -> None:
    folder = made(place, "a", locked=locked)
    os.utime(folder)
    assert sweep(place, place) == []
    assert sweep(old(folder).parent, place) == [folder]


def test_what_is_called_otherwise_or_leads_elsewhere_stays(place: Path) -> None:
    precious = made(place, "a")
    precious = precious.rename(place / "precious")
    (place / "rushes-hub-link").symlink_to(precious)
    (place / "rushes-hub-file").touch()
    assert sweep(place, place) == []
    assert precious.exists()
