"""The station of a configuration: what it shows on its board, and that it follows its file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from rushes import Archive, Depot
from rushes.errors import UnknownName
from rushes.station.board import BoardReader
from tests.test_up import COMMAND, PATIENCE_S, eventually

CONFIG = """
[station]
name = "NAME"
[web]
bind = "off"
[archive]
min_free = 0
[[channel]]
name = "card"
source = "testcard:320x180@30"
[[channel]]
name = "walk"
source = "file:rushes-data/walk.mp4"
record = false
"""


@pytest.fixture
def name():
    return f"test-config-{os.getpid()}"


@pytest.fixture
def file(tmp_path, name):
    """A configuration of a test card, and of a film of one."""
    (tmp_path / "rushes-data").mkdir()
    film = tmp_path / "rushes-data" / "walk.mp4"
    subprocess.run(
        [*COMMAND, "capture", "testcard:320x180@25", "--for", "1s", "-o", str(film)],
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    made = tmp_path / "station.toml"
    made.write_text(CONFIG.replace("NAME", name))
    return made


@contextlib.contextmanager
def up(*arguments):
    """``rushes up``; whatever it began ends with it."""
    process = subprocess.Popen(
        [*COMMAND, "up", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE_S)
        except (ValueError, subprocess.TimeoutExpired):  # it was heard out already; or it hangs
            process.kill()
            process.wait()


def board(name):
    try:
        reader = BoardReader(name)
    except UnknownName:
        return None
    try:
        return reader.read()
    finally:
        reader.close()


def when(name, condition, what):
    """The board, once it is so."""
    return eventually(lambda: (seen := board(name)) and condition(seen) and seen, what)


def live(seen):
    return all(each.state == "live" and each.fps > 15 for each in seen.channels)


def stage(seen, name):
    return next(each for each in seen.stages if each.name == name)


def ended(process):
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, error
    report = json.loads(out)
    assert report["ok"], report
    return report


def test_what_runs_is_on_its_board_and_follows_its_file(file, name):
    with up(file, "--json", "--set", "channel.card.slots=8") as process:
        seen = when(name, live, "both channels are live")
        card, walk = seen.channels
        assert (card.source, card.width, card.slots, card.fps_target, card.recorded) == (
            "testcard:320x180@30",
            320,
            8,
            30,
            True,
        )
        assert (walk.recorded, walk.depot) == (False, f"{name}-walk")
        assert walk.source == "file:" + str(file.parent / "rushes-data" / "walk.mp4")
        assert [(each.name, each.kind, each.channel, each.state) for each in seen.stages] == [
            ("recorder", "recorder", "", "running"),
            ("card source", "source", "card", "running"),
            ("walk source", "source", "walk", "running"),
        ]
        assert all(each.cpu_s > 0 and each.rss_bytes > 1 << 20 for each in seen.stages)
        edges = {each.name: (each.source, each.target, each.allowed) for each in seen.edges}
        assert edges["card -> card recorder"] == ("card", "recorder", ())
        assert edges["card recorder -> archive"] == ("recorder", "archive", ())
        assert seen.archive == str(file.parent / "rushes-data")
        assert 0 < seen.memory_bytes < seen.memory_budget
        lines = {(each.section, each.key): (each.value, each.where) for each in seen.config}
        assert lines["channel.card", "slots"] == ("8", "--set")
        assert lines["channel.walk", "source"] == ("file:rushes-data/walk.mp4", "station.toml:13")
        follows_its_file(process, file, name, seen)
        report = ended(process)
    assert [each["name"] for each in report["channels"]] == ["card", "desk"]
    assert report["restarts"] == {"recorder": 0, "card source": 0, "desk source": 0}
    with Archive(file.parent / "rushes-data", mode="r") as archive:
        assert sorted(archive.channels()) == ["card", "desk"]
        assert len(archive.spans("card")) == 1, "its recording went on"


def follows_its_file(process, file, name, before):
    """A wrong file is refused; in a right one only what changed is restarted."""
    right = (
        file.read_text()
        .replace('"walk"', '"desk"')
        .replace("file:rushes-data/walk.mp4", "testcard:160x90@20")
    )
    file.write_text(right.replace("[web]", "[wbe]"))
    process.send_signal(signal.SIGHUP)
    told = when(name, lambda seen: "refused" in seen.news[-1].text, "it is refused")
    assert "station.toml:4: unknown table [wbe], did you mean [web]?" in told.news[-1].text
    assert [each.name for each in told.channels] == ["card", "walk"]
    file.write_text(right.replace("record = false", "record = true"))
    process.send_signal(signal.SIGHUP)
    seen = when(
        name, lambda seen: len(seen.channels) == 2 and live(seen) and seen.channels[1].name == "desk", "desk"
    )
    assert any(each.text == "configuration read again: removed walk, added desk" for each in seen.news)
    assert stage(seen, "card source").pid == stage(before, "card source").pid
    assert seen.channels[1].recorded
    with pytest.raises(UnknownName):
        Depot.attach(f"{name}-walk").close()
    eventually(lambda: board(name).edges[-1].delivered > 0, "desk is recorded")
    file.write_text(file.read_text().replace("160x90@20", "160x90@25"))
    process.send_signal(signal.SIGHUP)
    seen = when(
        name, lambda seen: seen.channels[1].fps_target == 25 and seen.edges[-1].delivered > 0, "desk again"
    )
    assert seen.edges[-1].name == "desk recorder -> archive"
    assert stage(seen, "recorder").pid == stage(before, "recorder").pid


def test_a_name_that_runs_already_and_one_page_at_a_port(file, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [*COMMAND, "up", file, "--for", "9s", "--bind", f"127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert run.returncode == 2
    assert f"the page cannot be at 127.0.0.1:{port}: Address already in use" in run.stderr
    with up(file, "--json") as process:
        when(name, lambda seen: seen.channels, "it runs")
        run = subprocess.run(
            [*COMMAND, "up", file, "--for", "9s"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert run.returncode == 2
        assert f"a station called '{name}' runs on this machine already" in run.stderr
        assert process.poll() is None


def test_off_this_machine_the_page_needs_a_token(file):
    run = subprocess.run(
        [*COMMAND, "up", file, "--for", "9s", "--bind", "0.0.0.0:0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 2
    assert "rushes token add" in run.stderr


def test_all_mistakes_of_a_file_are_told_before_anything_starts(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("[web]\nbnid = 'x'\n[[channel]]\nname = 'a'\nsource = 'testcrd:'\n")
    run = subprocess.run(
        [sys.executable, "-m", "rushes", "up", str(file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        'error: bad.toml:2 web: unknown key "bnid", did you mean "bind"?',
        'bad.toml:5 channel[0] "a": source: there is no kind of source "testcrd", did you mean "testcard:"?',
    ]
    assert run.stdout == ""


def test_a_channel_that_cannot_keep_within_the_budget_ends_it_with_the_cause(tmp_path, name):
    file = tmp_path / "small.toml"
    file.write_text(
        f"[station]\nname = '{name}'\n[web]\nbind = 'off'\n[budget]\nmemory = '2 MB'\n"
        "[[channel]]\nname = 'a'\nsource = 'testcard:160x90@30'\n"
        "[[channel]]\nname = 'b'\nsource = 'file:none'\nrecord = false\n"
    )
    run = subprocess.run(
        [
            *COMMAND,
            "up",
            str(file),
            "--for",
            "60s",
            "--set",
            "channel.b.source=testcard:1280x720@30",
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 2, "known before the start"
    assert "small.toml:6 budget: memory: the depots of all channels take" in run.stderr


def test_the_page_is_served_and_comes_back_when_it_is_killed(file, name):
    with up(file, "--json", "--set", "web.bind=127.0.0.1:0") as process:
        seen = when(name, lambda seen: seen.web, "the page is there")
        with urllib.request.urlopen(f"{seen.web}/healthz", timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        os.kill(stage(seen, "web").pid, signal.SIGKILL)
        again = when(
            name,
            lambda now: stage(now, "web").restarts == 1 and now.web != seen.web and now.web,
            "the page is back, at another port, as none was asked for",
        )
        with urllib.request.urlopen(f"{again.web}/healthz", timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        assert stage(again, "web").kind == "web"
        report = ended(process)
    assert report["page"] == again.web
    assert report["restarts"]["web"] == 1
