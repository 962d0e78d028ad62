"""The examples in ShotSaver's document: scripts of a video server, run by one, with only the import line changed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from tests.unit.shots.fake_host import CHANNEL
from tests.unit.shots.pictures import jpeg

ROOT = Path(__file__).resolve().parents[2]

IMPORTED = """
from rushes.compat.shot_saver import ShotSaver
CHANNEL_GUID = "uR76TlcA_O4Yazs8u"
ss = ShotSaver()
"""
FOLDER_OF_ALL = r"""
ss.screenshots_folder = r"D:\DSSL\shots"
ss.save(CHANNEL_GUID)
"""
FOLDER_OF_ONE = r"""
ss.save(CHANNEL_GUID, file_path=r"D:\DSSL\shots")
"""
MIDNIGHT = """
import datetime
dt = datetime.datetime.combine(datetime.datetime.now().date(), datetime.time())
ss.save(CHANNEL_GUID, dt=dt, file_name="midnight_shot.jpg")
"""
TRACKED = """
import os
import host
from rushes.compat.shot_saver import ShotSaver, status
CHANNEL_GUID = "uR76TlcA_O4Yazs8u"
ss = ShotSaver()
tasks = {}

def callback(guid, state):
    host.message("[%s] %s" % (guid, state))
    if state == status.success:
        fpath = tasks.pop(guid)
        os.startfile(fpath)
    elif state == status.error:
        fpath = tasks.pop(guid)
        host.message("not saved: %s" % fpath)

task_guid, file_path = ss.save(CHANNEL_GUID, callback=callback)
tasks[task_guid] = file_path
"""
IN_BYTES = """
import base64
import host
from rushes.compat.shot_saver import ShotSaver
CHANNEL_GUID = "uR76TlcA_O4Yazs8u"
ss = ShotSaver()
__image_html = '<img src="data:image/png;base64,{img}" width="800">'

def show_image(image_bytes):
    host.question(__image_html.format(img=base64.b64encode(image_bytes)), "OK", lambda: 0)

ss.get(CHANNEL_GUID, callback=show_image)
"""


@dataclass
class Ran:
    lines: list[str]
    calls: list[list[Any]]
    """What the server was asked for: channel, file name, folder, time, whether with figures."""


def run(folder: Path, script: str, until: str = "ss.wait(0)", way: str = "whole") -> Ran:
    program = folder / "script.py"
    program.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.seeds.scripting_host", str(program), way, until],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return Ran(done.stdout.splitlines(), json.loads((folder / "calls.json").read_text(encoding="utf-8")))


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    assert path.read_bytes() == jpeg()
    return path


def test_a_simple_shot_goes_to_the_servers_folder_under_the_standard_name(tmp_path):
    ran = run(tmp_path, IMPORTED + "ss.save(CHANNEL_GUID)")
    name = only_file(tmp_path / "server shots").name
    assert name.startswith(f"Gate ({date.today():%Y.%m.%d} ")
    assert name.endswith(").jpg")
    ((channel, _, _, when, figures),) = ran.calls
    assert (channel, when, figures) == (CHANNEL, "0", False)


def test_the_folder_is_changed_for_all_shots(tmp_path):
    run(tmp_path, IMPORTED + FOLDER_OF_ALL)
    assert only_file(tmp_path / r"D:\DSSL\shots").name.startswith("Gate (")


def test_the_folder_is_given_with_one_shot(tmp_path):
    run(tmp_path, IMPORTED + FOLDER_OF_ONE)
    assert only_file(tmp_path / r"D:\DSSL\shots").name.startswith("Gate (")


def test_a_shot_of_a_moment_has_the_name_it_was_given(tmp_path):
    ran = run(tmp_path, IMPORTED + MIDNIGHT)
    assert only_file(tmp_path / "server shots").name == "midnight_shot.jpg"
    ((_, _, _, when, _),) = ran.calls
    assert datetime.fromtimestamp(int(when) / 1e6) == datetime.combine(date.today(), time())


def test_a_saved_shot_is_followed_and_opened(tmp_path):
    ran = run(tmp_path, TRACKED, "not tasks")
    path = only_file(tmp_path / "server shots")
    states = [f"message [guid-0] {state}" for state in ("in_queue", "saving", "success")]
    assert ran.lines[:3] == states
    assert ran.lines[3:] == [f"opened {ran.lines[3].removeprefix('opened ')}"]
    assert (tmp_path / ran.lines[3].removeprefix("opened ")).samefile(path)


def test_a_shot_that_never_comes_is_asked_for_again_and_told(tmp_path):
    hurried = TRACKED.replace("tasks = {}", "tasks = {}\nss.timeout_sec = 0.2")
    ran = run(tmp_path, hurried, "not tasks", way="never")
    assert ran.lines[:3] == [f"message [guid-0] {state}" for state in ("in_queue", "saving", "error")]
    assert ran.lines[3].startswith("message not saved: ")
    assert len(ran.lines) == 4
    assert len(ran.calls) == 2, "max_tries is 2"
    assert list((tmp_path / "server shots").glob("*")) == []


def test_a_picture_is_shown_from_its_bytes_and_leaves_no_file(tmp_path):
    ran = run(tmp_path, IN_BYTES, "server.questions")
    (line,) = ran.lines
    start, end = """question <img src="data:image/png;base64,b'""", """'" width="800"> OK"""
    assert line.startswith(start)
    assert line.endswith(end)
    assert base64.b64decode(line.removeprefix(start).removesuffix(end)) == jpeg()
    ((_, name, folder, _, _),) = ran.calls
    assert not Path(folder, name).exists()
    assert not (tmp_path / "server shots").exists()
