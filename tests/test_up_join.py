"""Two stations that joined one hub, as their users start them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess

import numpy as np
import pytest
from PIL import Image

from rushes.testing import read_card
from tests.support.fleets import get, names
from tests.support.nats_hub import hub
from tests.test_up import COMMAND, PATIENCE_S, eventually
from tests.test_up_config import board
from tests.unit.server.live_help import Eye

SOUTH, NORTH = (f"join-{each}-{os.getpid()}" for each in ("south", "north"))
THEIRS = f"cam_{NORTH}"


@contextlib.contextmanager
def up(name, folder, *arguments):
    """``rushes up`` with one small card; ended in good order, with the exit code 0."""
    command = [*COMMAND, "up", "--source", "cam=testcard:640x360@15", "--name", name, "--json"]
    process = subprocess.Popen(
        [*command, "--data", str(folder), "--bind", "127.0.0.1:0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, error = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert process.returncode == 0, error


def page(name):
    """Where its page is, once it is."""
    return eventually(lambda: (seen := board(name)) and seen.web, f"the page of {name}")


def test_each_shows_the_channels_of_the_other(tmp_path):
    with (
        hub(tmp_path / "hub") as running,
        up(SOUTH, tmp_path / "south", "--join", running.url, "--no-record"),
        up(NORTH, tmp_path / "north", "--join", running.url),
    ):
        south, north = page(SOUTH), page(NORTH)
        eventually(lambda: names(south) == {"cam", THEIRS}, "the south sees the north")
        eventually(lambda: names(north) == {"cam", f"cam_{SOUTH}"}, "the north sees the south")
        with Eye(south.removeprefix("http://"), channel=THEIRS) as eye:
            for _ in range(3):
                _, number, payload = eye.until_picture()
                assert number_in(payload) == number
        saved = tmp_path / "shot.jpg"
        taken = subprocess.run(
            [*COMMAND, "shot", THEIRS, "-o", str(saved)],
            capture_output=True,
            timeout=PATIENCE_S,
            text=True,
            cwd=tmp_path,
        )
        assert taken.returncode == 0, taken.stderr
        assert number_in(saved.read_bytes()) > 0
        at = eventually(lambda: spans_end(f"{south}/api/channels/{THEIRS}"), "the north has recorded")
        status, body, headers = get(f"{south}/api/channels/{THEIRS}/at.jpg?t={at}")
        assert status == 200, body
        assert number_in(body) == int(headers["x-frame-number"])


def number_in(picture):
    """The number painted in it."""
    card = read_card(np.asarray(Image.open(io.BytesIO(picture))))
    assert card is not None
    return card[0]


def spans_end(channel):
    """A moment that was recorded for certain."""
    status, body, _ = get(f"{channel}/spans")
    spans = json.loads(body) if status == 200 else []
    return spans and spans[0]["end"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--join", "http://hub:4222"], "nats://HOST:PORT"),
        (["--join", "nats://127.0.0.1:4222", "--keys", "nowhere"], "rushes keys new"),
    ],
)
def test_a_hub_that_cannot_be_joined_is_a_mistake_of_the_command(arguments, told, tmp_path):
    done = subprocess.run(
        [*COMMAND, "up", *arguments, "--bind", "127.0.0.1:0"],
        capture_output=True,
        timeout=PATIENCE_S,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert told in done.stderr
