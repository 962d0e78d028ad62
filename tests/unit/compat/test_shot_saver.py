"""Programs written for the older saver run through the door, with a scripting host beside them."""

from __future__ import annotations

import base64
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.compat.shot_saver import ShotSaver, status
from rushes.shots.files import kind_of
from tests.unit.shots.fake_host import CHANNEL, FakeHost
from tests.unit.shots.pictures import jpeg

ROOT = Path(__file__).resolve().parents[3]

HOST = """
import os, pathlib
from tests.unit.shots.fake_host import FakeHost
fake = FakeHost(pathlib.Path("server shots"))
settings, timeout, random_guid = fake.settings, fake.timeout, fake.random_guid
screenshot_v2, screenshot_v2_figures = fake.screenshot_v2, fake.screenshot_v2_figures
def message(text): print("message", text, flush=True)
def question(text, *buttons): print("question", text, flush=True)
os.startfile = lambda path: print("opened", path, flush=True)
"""
START = f"""
import datetime, base64, os
import host
from rushes.compat.shot_saver import ShotSaver, status
CHANNEL_GUID = "{CHANNEL}"
ss = ShotSaver()
"""
MIDNIGHT = """
day = datetime.datetime.now().date()
ss.save(CHANNEL_GUID, dt=datetime.datetime.combine(day, datetime.time()), file_name="midnight_shot.jpg")
"""
FOLLOWED = """
paths = {}
def follow(guid, state):
    host.message("[%s] %s" % (guid, state))
    if state == status.success:
        os.startfile(paths.pop(guid))
    elif state == status.error:
        host.message("no shot: %s" % paths.pop(guid))
guid, path = ss.save(CHANNEL_GUID, callback=follow)
paths[guid] = path
"""
SHOWN = """
def show(data):
    host.question('<img src="data:image/png;base64,%s">' % base64.b64encode(data).decode(), "OK", lambda: 0)
ss.get(CHANNEL_GUID, callback=show)
"""


def run(folder: Path, body: str) -> str:
    (folder / "host.py").write_text(HOST, encoding="utf-8")
    program = folder / "script.py"
    program.write_text(START + body, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    assert path.read_bytes() == jpeg()
    return path


def test_a_shot_goes_to_the_servers_folder(tmp_path):
    run(tmp_path, "ss.save(CHANNEL_GUID)")
    assert only_file(tmp_path / "server shots").name.startswith("Gate (20")


@pytest.mark.parametrize(
    "body",
    [
        'ss.screenshots_folder = r"D:\\DSSL\\shots"; ss.save(CHANNEL_GUID)',
        'ss.save(CHANNEL_GUID, file_path=r"D:\\DSSL\\shots")',
    ],
)
def test_another_folder(tmp_path, body):
    run(tmp_path, body)
    assert only_file(tmp_path / r"D:\DSSL\shots").name.startswith("Gate (20")


def test_a_moment_and_a_name(tmp_path):
    run(tmp_path, MIDNIGHT + "print(host.fake.calls)")
    assert only_file(tmp_path / "server shots").name == "midnight_shot.jpg"


def test_states_are_followed(tmp_path):
    lines = run(tmp_path, FOLLOWED).splitlines()
    assert lines[:3] == [f"message [guid-0] {state}" for state in ("in_queue", "saving", "success")]
    assert lines[3].startswith("opened ")
    assert Path(lines[3].removeprefix("opened ")) == only_file(tmp_path / "server shots")


def test_a_picture_in_bytes(tmp_path):
    line = run(tmp_path, SHOWN).strip()
    packed = line.removeprefix('question <img src="data:image/png;base64,').removesuffix('">')
    assert base64.b64decode(packed) == jpeg()
    assert not (tmp_path / "server shots").exists()


def test_without_a_host_it_says_so():
    with pytest.raises(ValueError, match="module host"):
        ShotSaver()


def test_the_signatures_are_the_documented_ones():
    def names(fn):
        return list(inspect.signature(fn).parameters)[1:]

    assert names(ShotSaver.save) == [
        "channel_full_guid",
        "dt",
        "figures",
        "file_name",
        "file_path",
        "callback",
        "task_guid",
    ]
    assert names(ShotSaver.get) == ["channel_full_guid", "dt", "figures", "callback"]
    assert names(ShotSaver.__init__)[:2] == ["pool_size", "callback"]
    states = (status.in_queue, status.saving, status.success, status.error)
    assert states == ("in_queue", "saving", "success", "error")


def test_unknown_channels_and_missing_callbacks_are_environment_errors(tmp_path):
    saver = ShotSaver(channels=FakeHost(tmp_path))
    with pytest.raises(EnvironmentError, match="known"):
        saver.save(channel_full_guid="other_O4Yazs8u")
    with pytest.raises(EnvironmentError, match="callback"):
        saver.get(channel_full_guid=CHANNEL)
    saver.stop()


def test_a_real_wait_for_figures(tmp_path):
    host = FakeHost(tmp_path)
    with ShotSaver(channels=host) as saver:
        saver.buffer_ts = 0.1
        _, path = saver.save(CHANNEL, figures=True)
        assert saver.wait(30)
    assert kind_of(Path(path).read_bytes()) == "jpeg"
    ((_, _, _, when, figures),) = host.calls
    assert figures
    assert when != "0"
    host.close()
