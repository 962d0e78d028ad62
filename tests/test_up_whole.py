"""A station of a camera, a screen and a film: all of them on its page, and each of its processes killed in turn."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import rtsp_server
from tests.support.xvfb import moving_window, xvfb
from tests.test_up import COMMAND, PATIENCE_S, eventually

CONFIG = """
[station]
name = "NAME"
[web]
bind = "127.0.0.1:PORT"
[archive]
min_free = 0
[[channel]]
name = "camera"
source = "CAMERA"
[[channel]]
name = "desk"
source = "screen:"
fps = 10
[[channel]]
name = "film"
source = "file:walk.mp4"
[[work]]
name = "edges"
channel = "desk"
call = "rushes.station.edges:boxes"
"""
CHANNELS = {"camera": (320, 180), "desk": (640, 480), "film": (320, 180)}


class Whole:
    """The running station, by its page."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + path, timeout=10) as answer:
            body = answer.read()
            return body if answer.headers["content-type"].startswith("image") else json.loads(body)
        return None

    def stages(self) -> dict[str, Any]:
        return {each["name"]: each for each in (self.get("/api/pipeline") or {"stages": []})["stages"]}

    def live(self) -> dict[str, tuple[int, int]]:
        channels = self.get("/api/channels") or []
        return {each["name"]: (each["width"], each["height"]) for each in channels if each["state"] == "live"}


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    if why := rtsp_server.missing():
        pytest.skip(why)
    film = ["capture", "testcard:320x180@25", "--for", "1s", "-o", str(tmp_path / "walk.mp4")]
    subprocess.run([*COMMAND, *film], capture_output=True, timeout=PATIENCE_S, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with rtsp_server.serving() as camera, xvfb() as display, moving_window(display.name):
        text = CONFIG.replace("NAME", f"whole-{os.getpid()}").replace("PORT", str(port))
        (tmp_path / "station.toml").write_text(text.replace("CAMERA", camera.address()))
        process = subprocess.Popen(
            [*COMMAND, "up", "station.toml", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "DISPLAY": display.name},
        )
        try:
            yield Whole(process, port)
        finally:
            process.kill()
            process.communicate()


def test_a_camera_a_screen_and_a_film_are_shown_and_every_death_is_healed(whole: Whole) -> None:
    eventually(lambda: whole.live() == CHANNELS, "all are live")
    for channel in CHANNELS:
        eventually(lambda channel=channel: whole.get(f"/api/channels/{channel}/frame.jpg?w=160"), channel)
    names = set(whole.stages())
    assert {f"{each} source" for each in CHANNELS} | {"recorder", "web", "desk edges"} <= names
    for name in sorted(names):
        before = whole.stages()[name]
        os.kill(before["pid"], signal.SIGKILL)

        def healed(name: str = name, pid: int = before["pid"]) -> bool:
            now = whole.stages().get(name)
            return now is not None and now["state"] == "running" and now["pid"] not in (None, pid)

        eventually(healed, f"{name} runs again")
    eventually(lambda: whole.live() == CHANNELS, "all are live again")
    shown = whole.stages()
    assert all(shown[name]["restarts"] == 1 for name in names), shown
    assert all("SIGKILL" in shown[name]["cause"] for name in names), shown
    whole.process.send_signal(signal.SIGINT)
    told = json.loads(whole.process.communicate(timeout=PATIENCE_S)[0])
    assert whole.process.returncode == 0, told
    edges = [edge for channel in told["channels"] for edge in channel["edges"]]
    assert {edge["edge"].split(" ")[0] for edge in edges} == set(CHANNELS)
    assert all(edge["adds_up"] for edge in edges), edges
