"""A recording process that is killed, and a disk that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rushes.capture.recorder import Recorder, Spool, unpack
from rushes.capture.recorder.spool import DATA
from rushes.codecs import still
from rushes.codecs.video.demux import MediaInput
from rushes.testing import read_card
from tests.unit.capture.recorder.cards import Cards

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.capture.recorder import Summary

_CHILD = """
import sys
from rushes.capture.recorder import Recorder
out, kind = sys.argv[1:]
recorder = Recorder("testcard:320x180@50", out, every_s=0.02, format=kind, overwrite=kind == "mp4")
recorder.on("pixmap_saved", lambda number: print(number, flush=True))
recorder.start()
recorder.wait()
"""


@pytest.mark.parametrize(("kind", "lost"), [("jpeg", 0), ("mp4", 51)])
def test_a_killed_recording_can_be_read(kind: str, lost: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    saved = _killed(out, kind)
    if kind == "jpeg":
        assert len(list(Spool.open(out))) >= saved - lost
    else:
        assert _pictures(out) >= saved - lost


def test_a_file_to_be_replaced_outlives_the_death_of_its_successor(tmp_path: Path) -> None:
    old, beside = tmp_path / "a.mp4", tmp_path / "a.part.mp4"
    old.write_text("the old one")
    saved = _killed(old, "mp4")
    assert _pictures(beside) >= saved - 51
    assert old.read_text() == "the old one"
    recorder = Recorder(Cards(5), old, overwrite=True)  # what a death left beside is in nobody's way
    recorder.start()
    summary = recorder.wait(30)
    assert summary is not None
    assert summary.written == _pictures(old) == 5
    assert not beside.exists()


def _pictures(file: Path) -> int:
    with MediaInput(file) as media:
        return sum(1 for _ in media.frames())


def _killed(out: Path, kind: str) -> int:
    """A recording that is killed; how many pictures it had told of."""
    with subprocess.Popen([sys.executable, "-c", _CHILD, str(out), kind], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 70:
                break
        child.kill()
        return max(70, *(int(line) for line in child.stdout.read().split()), 70) + 1


_UNPACKING = """
import sys
from rushes.capture.recorder import unpack
unpack(sys.argv[1], "png", progress=lambda done, total: print(done, flush=True))
"""


def test_killing_what_unpacks_loses_nothing(tmp_path: Path) -> None:
    out, count = tmp_path / "out", 40
    summary = _recorded(out, count)
    assert summary.written == count
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", _UNPACKING, str(out)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if int(line) >= 5:
                    break
            child.kill()
        assert child.returncode == -signal.SIGKILL, "it was through before it could be killed"
        spooled = [entry.number for entry, _ in Spool.open(out)]
        assert {f"{number:08d}.png" for number in spooled} | {each.name for each in out.glob("0*.png")} == {
            f"{number:08d}.png" for number in range(count)
        }
    unpack(out, "png")
    assert sorted(each.name for each in out.iterdir()) == [f"{number:08d}.png" for number in range(count)]
    cards = [read_card(still.decode(each.read_bytes()).array) for each in sorted(out.iterdir())]
    assert [card and card[0] for card in cards] == list(range(count))


def _recorded(out: Path, count: int) -> Summary:
    recorder = Recorder(Cards(count, (640, 360)), out, format="png", unpack=False)
    recorder.start()
    summary = recorder.wait(60)
    assert summary is not None
    return summary


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.parametrize("kind", ["jpeg", "mp4"])
def test_a_full_disk_ends_it_with_a_readable_rest(kind: str, tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        recorder = Recorder("testcard:320x180@100", tmp_path / "out", every_s=0.01, format=kind, quality=95)
        recorder.start()
        summary = recorder.wait(30)
        recorder.cancel() if summary is None else None
        assert summary is not None
        assert summary.reason == "disk full"
        assert recorder.stats().adds_up
        if kind == "jpeg":
            spooled = len(list(Spool.open(tmp_path / "out"))) if (tmp_path / "out" / DATA).exists() else 0
            assert spooled + len(list((tmp_path / "out").glob("*.jpg"))) >= summary.written > 0
        else:
            with MediaInput(str(tmp_path / "out")) as media:
                assert sum(1 for _ in media.frames()) == summary.written > 0
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
