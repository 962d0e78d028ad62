"""A station that records what a camera sends as the camera codes it, whatever is killed."""

from __future__ import annotations

import itertools
import os
import signal
import time

import pytest

from rushes import Archive, UnknownName
from rushes.capture import open_source
from rushes.errors import ArchiveError
from rushes.testing import read_card
from tests.support import rtsp_server
from tests.support.coded import encode
from tests.test_up import eventually
from tests.test_up_config import board, ended, stage, up, when

CONFIG = """
[station]
name = "NAME"
data = "data"
[web]
bind = "off"
[archive]
min_free = 0
[[channel]]
name = "front"
source = "file:walk.mp4"
record = RECORD
[[channel]]
name = "card"
source = "testcard:160x90@10"
"""
COUNT = 50
CAMERA, INTO = "front camera -> front recorder", "front recorder -> archive"
_NUMBERS = itertools.count()


@pytest.fixture
def name():
    return f"test-copies-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def file(tmp_path, name):
    encode(tmp_path / "walk.mp4", COUNT, size=(320, 180), b_frames=0)
    made = tmp_path / "station.toml"
    made.write_text(CONFIG.replace("NAME", name).replace("RECORD", '"copy"'))
    return made


def edges(seen):
    """By name. Each adds up, whenever one looks."""
    for each in seen.edges:
        assert each.waiting >= 0, each
        assert each.offered == each.delivered + sum(each.dropped.values()) + each.waiting, each
    return {each.name: each for each in seen.edges}


def recorded(name, more_than=0):
    """The board once so many pictures of the camera are in the archive."""
    return when(
        name, lambda seen: INTO in edges(seen) and edges(seen)[INTO].delivered > more_than, "it is recorded"
    )


def at(folder, t_s):
    """The picture of that moment, once there is one."""
    try:
        with Archive(folder, mode="r") as archive:
            return archive.frame_at("front", t_s)
    except (ArchiveError, UnknownName):
        return None


def account(process):
    return {edge["edge"]: edge for channel in ended(process)["channels"] for edge in channel["edges"]}


def kept(folder):
    """The coded pictures of each file of the archive."""
    with Archive(folder, mode="r") as archive:
        assert archive.verify().ok
        paths = [folder / each.path for each in archive._index.segments() if each.channel == "front"]
    for path in paths:
        with open_source(f"file:{path}", coded=True, pace=False) as source:
            yield [each.packet.bytes() for each in source.packets()]


def test_what_is_coded_is_copied_and_a_killed_recorder_goes_on(file, name, tmp_path):
    with up(file, "--json") as process:
        before = stage(recorded(name), "recorder")
        os.kill(before.pid, signal.SIGKILL)
        seen = when(name, lambda seen: stage(seen, "recorder").pid not in (None, before.pid), "it is back")
        recorded(name, edges(seen)[INTO].delivered)
        again_s = time.time() - 0.2
        frame = eventually(lambda: at(tmp_path / "data", again_s), "a past moment")
        card = read_card(frame.to("bgr24").array)
        assert card is not None
        assert card[0] == frame.number % COUNT
        assert 0 <= again_s - frame.captured_ns / 1e9 < 0.1
        seen = recorded(name)
        allowed = {each.name: each.allowed for each in seen.edges}
        assert (allowed[CAMERA], allowed[INTO]) == (("no key frame", "closed"), ())
        assert (edges(seen)[CAMERA].source, edges(seen)[CAMERA].target) == ("front camera", "recorder")
        assert "front -> front recorder" not in allowed, "it reads no depot"
        found = account(process)
    assert found[CAMERA]["delivered"] == found[INTO]["offered"] > 0
    assert found[INTO]["waiting"] == found[CAMERA]["waiting"] == 0
    assert set(found[INTO]["dropped"]) <= {"stage down"}
    assert found["card recorder -> archive"]["delivered"] > 0, "the others are recorded as before"
    with open_source(f"file:{tmp_path / 'walk.mp4'}", coded=True, pace=False) as source:
        pictures = [each.packet.bytes() for each in source.packets()]
    files = list(kept(tmp_path / "data"))
    assert len(files) == 2
    for copied in files:
        assert copied == [pictures[place % COUNT] for place in range(len(copied))], "not one was coded anew"


@pytest.mark.long
def test_a_recorder_that_is_killed_again_and_again_adds_up_at_every_look(file, name, tmp_path):
    with up(file, "--json") as process:
        for turn in range(4):
            delivered = edges(board(name))[INTO].delivered if turn else 0
            pid = stage(recorded(name, delivered), "recorder").pid
            until = time.monotonic() + 0.3 * turn
            eventually(
                lambda until=until: edges(board(name)) and time.monotonic() > until, "some time passes"
            )
            os.kill(pid, signal.SIGKILL)
            when(name, lambda seen, pid=pid: stage(seen, "recorder").pid not in (None, pid), "it is back")
        recorded(name, edges(board(name))[INTO].delivered)
        found = account(process)
    assert found[CAMERA]["delivered"] == found[INTO]["offered"]
    assert sum(map(len, kept(tmp_path / "data"))) >= found[INTO]["delivered"], "what is promised is there"


def test_a_reload_ends_and_begins_only_what_changed(file, name):
    with up(file, "--json") as process:
        before = recorded(name)
        file.write_text(file.read_text().replace('record = "copy"', "record = true"))
        process.send_signal(signal.SIGHUP)
        encoded = "front -> front recorder"
        seen = when(name, lambda seen: encoded in edges(seen) and recorded(name), "it is coded anew")
        assert CAMERA not in edges(seen)
        file.write_text(file.read_text().replace("record = true", 'record = "copy"'))
        process.send_signal(signal.SIGHUP)
        seen = when(name, lambda seen: CAMERA in edges(seen) and recorded(name), "it is copied again")
        for each in ("recorder", "card source"):
            assert stage(seen, each).pid == stage(before, each).pid
        assert any("front is recorded as its camera codes it" in each.text for each in seen.news)
        found = account(process)
    assert found["card recorder -> archive"]["dropped"] == {}


@pytest.mark.skipif(bool(rtsp_server.missing()), reason="no RTSP server")
def test_a_camera_that_comes_late_and_goes_and_comes_again(file, name, tmp_path):
    with rtsp_server.serving() as camera:
        camera.kill()  # its port is known, and nobody is there
        text = file.read_text().replace(
            'record = "copy"', f'record = "copy"\nrecord_source = "{camera.address("me:s3cret")}"'
        )
        file.write_text(text)
        with up(file, "--json") as process:
            seen = when(
                name,
                lambda seen: (
                    "not recorded" in seen.channels[0].why and "card recorder -> archive" in edges(seen)
                ),
                "it is told, and nobody waits for it",
            )
            assert seen.channels[0].state == "live"
            assert "refused" in seen.channels[0].why
            assert "s3cret" not in repr(seen)
            camera.start()
            seen = recorded(name)
            assert seen.channels[0].why == ""
            then_s = time.time() - 0.2
            frame = eventually(lambda: at(tmp_path / "data", then_s), "a past moment")
            assert frame.array.shape == (270, 320)
            assert 0 <= then_s - frame.captured_ns / 1e9 < 0.5
            camera.kill()
            when(name, lambda seen: "not recorded" in seen.channels[0].why, "its loss is told")
            before = edges(board(name))[INTO].delivered
            camera.start()
            recorded(name, before + 10)
            camera.kill()
            when(name, lambda seen: "not recorded" in seen.channels[0].why, "its loss is told")
            # The last one before each break may be torn.
            when(name, lambda seen: edges(seen)[CAMERA].dropped.get("damaged") == 2, "both are counted")
            found = account(process)
    assert found[CAMERA]["delivered"] == found[INTO]["delivered"]
    assert sum(map(len, kept(tmp_path / "data"))) == found[INTO]["delivered"]
