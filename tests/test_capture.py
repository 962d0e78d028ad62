"""``rushes capture`` as it is used."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.frame import Frame
from rushes.testing import read_card
from tests.support.xvfb import moving_window, xvfb

COMMAND = [sys.executable, "-m", "rushes", "capture"]
PATIENCE_S = 60.0


def run(*arguments: object, **more):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        **more,
    )


def frames(path: Path):
    with MediaInput(path) as media:
        return [Frame(each.array, format=each.format) for each in media.frames()]


def test_for_two_seconds_every_frame_is_accounted_for(tmp_path):
    done = run("testcard:320x180", "--every", "20ms", "--for", "2s", "-o", tmp_path / "a.mp4", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["reason"] == "stopped"
    assert said["capture"]["adds_up"]
    assert said["captured"] == said["written"] + sum(said["dropped"].values())
    assert said["captured"] + said["late"] >= 90
    recorded = frames(tmp_path / "a.mp4")
    assert len(recorded) == said["written"]
    assert said["bytes"] == (tmp_path / "a.mp4").stat().st_size
    numbers = [read_card(frame.to("bgr24").array) for frame in recorded]
    assert all(each is not None for each in numbers)
    assert [each[0] for each in numbers if each] == sorted({each[0] for each in numbers if each})


def test_a_screen_and_a_part_of_it(tmp_path):
    with xvfb(640, 480) as display, moving_window(display.name):
        environment = {**os.environ, "DISPLAY": display.name}
        whole = run("screen:", "--for", "1s", "-o", tmp_path / "a.mp4", env=environment)
        part = run(
            "screen:", "--rect", "10,20,101,57", "--for", "1s", "-o", tmp_path / "b.mp4", env=environment
        )
        outside = run("screen:", "--rect", "600,0,100,100", "-o", tmp_path / "c.mp4", env=environment)
    assert whole.returncode == 0, whole.stderr
    assert "640x480@25 by x-shm" in whole.stdout
    assert "stopped: captured" in whole.stdout
    assert frames(tmp_path / "a.mp4")[5].array.shape == (720, 640)
    assert part.returncode == 0, part.stderr
    assert frames(tmp_path / "b.mp4")[5].array.shape == (84, 100), "an odd row and column are cut off"
    assert outside.returncode == 2
    assert "640x480" in outside.stderr
    assert not (tmp_path / "c.mp4").exists()


def test_a_file_to_pictures_ends_with_it(tmp_path):
    assert run("testcard:320x180", "--for", "1s", "-o", tmp_path / "a.mp4").returncode == 0
    count = len(frames(tmp_path / "a.mp4"))
    done = run(f"file:{tmp_path}/a.mp4", "-o", tmp_path / "out", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["reason"]) == (0, "source ended")
    assert said["captured"] + sum(said["capture"]["dropped"].values()) == count
    assert len(list((tmp_path / "out").glob("*.jpg"))) == said["written"]


@contextlib.contextmanager
def started(out: Path):
    process = subprocess.Popen(
        [*COMMAND, "testcard:320x180", "-o", str(out), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + PATIENCE_S
    try:
        while not (out.exists() and out.stat().st_size > 2000):
            assert time.monotonic() < until, "nothing was recorded"
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_and_keeps(ask, tmp_path):
    with started(tmp_path / "a.mp4") as process:
        os.killpg(process.pid, ask) if ask == signal.SIGINT else process.send_signal(ask)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        said = json.loads(out)
        assert said["reason"] == "stopped"
        assert len(frames(tmp_path / "a.mp4")) == said["written"] > 0


def test_a_killed_capture_leaves_a_file_that_plays_and_no_process(tmp_path):
    with started(tmp_path / "a.mp4") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        time.sleep(2.5)
        process.kill()
        process.wait()
        until = time.monotonic() + PATIENCE_S
        while any(Path(f"/proc/{each}/stat").exists() for each in children) and time.monotonic() < until:
            time.sleep(0.02)
        assert not any(Path(f"/proc/{each}/stat").exists() for each in children)
    assert len(frames(tmp_path / "a.mp4")) >= 25
    subprocess.run([sys.executable, "-m", "rushes", "depot", "sweep"], check=True, capture_output=True)


def test_a_terminal_gets_one_live_line(tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "testcard:320x180", "--for", "1s", "-o", str(tmp_path / "a.mp4")],
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of the other side is an error here, and not an empty read
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0
    text = shown.decode()
    assert text.count("captured") >= 3
    assert "RAM" in text
    assert "disk" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["screm:"], 2, "testcard"),
        (["testcard:", "--every", "soon"], 2, "--every"),
        (["testcard:", "--rect", "0,0,9,9"], 2, "screen:"),
        (["testcard:", "--format", "avi"], 2, "jpeg"),
        (["testcard:", "--format", "png", "--overwrite"], 2, "mp4"),
        (["file:/there/is/none.mp4"], 1, "none.mp4"),
    ],
)
def test_what_is_wrong_is_told(arguments, code, words, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_left_alone(tmp_path):
    (tmp_path / "a.mp4").write_text("mine")
    done = run("testcard:320x180", "--for", "1s", "-o", tmp_path / "a.mp4")
    assert done.returncode == 2
    assert "exists" in done.stderr
    assert "--overwrite" in done.stderr
    assert (tmp_path / "a.mp4").read_text() == "mine"


def test_what_exists_is_replaced_when_that_was_asked_for(tmp_path):
    (tmp_path / "a.mp4").write_text("mine")
    done = run("testcard:320x180", "--for", "1s", "-o", tmp_path / "a.mp4", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert len(frames(tmp_path / "a.mp4")) > 0
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("out", ["a.mp4", "pictures"])
def test_what_the_disk_it_may_use_cut_short_is_kept_and_a_part(out, tmp_path):
    done = run(
        "testcard:320x180",
        "--for",
        "50s",
        "--disk",
        "60 KiB",
        "--quality",
        "100",
        "-o",
        tmp_path / out,
        "--json",
    )
    said = json.loads(done.stdout)
    assert (done.returncode, said["reason"]) == (3, "budget"), done.stderr
    assert 0 < said["bytes"] <= 60 << 10
    if out == "a.mp4":
        assert len(frames(tmp_path / out)) == said["written"] > 0
    else:
        assert len(list((tmp_path / out).glob("*.jpg"))) == said["written"] > 0
