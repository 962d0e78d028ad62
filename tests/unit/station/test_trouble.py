"""What goes wrong and ends no process: from whoever notices it to whoever asks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from rushes.capture import open_source
from rushes.lifecycle import StopToken
from rushes.station import Runner
from rushes.station.config import given
from rushes.station.filling import _told
from rushes.station.messages import Opened, Trouble
from rushes.station.planning import plan_of
from tests.support.streams import PATIENCE_S, eventually

NAME = f"test-trouble-{os.getpid()}"
FORGETFUL = """
import sys
from rushes import Station
if __name__ == "__main__":
    Station({"station": {"name": sys.argv[1], "data": sys.argv[2]}, "web": {"bind": "off"},
             "channel": [{"name": "card", "source": "testcard:320x180@5", "record": False}]}).start()
    raise SystemExit("forgotten")
"""


class Heard:
    def __init__(self) -> None:
        self.stop, self.words = StopToken("the stage"), list[Any]()

    def say(self, word: Any) -> bool:
        self.words.append(word)
        return True


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/live"


def test_a_source_that_tries_again_says_what_is_wrong_once(nobody):
    link: Any = Heard()
    with open_source(nobody, reconnect=True) as source, _told(source, link):
        eventually(lambda: link.words, "it is told")
        eventually(lambda: source.stats().state == "lost", "it tries again")
    (told,) = link.words
    assert "refused" in told.text


def test_a_source_that_is_no_link_has_nothing_to_tell():
    link: Any = Heard()
    with open_source("testcard:320x180@5") as source, _told(source, link):
        pass
    assert link.words == []


def test_users_are_told_and_the_channel_says_why():
    config = {
        "station": {"name": NAME},
        "web": {"bind": "off"},
        "channel": [{"name": "front", "source": "testcard:", "record": False}],
    }
    with Runner(plan_of(given(config))) as runner:
        front = runner.channels["front"]
        runner._on_word(front.source, Trouble("nobody answers"))
        assert (front.state, front.condition.why) == ("opening", "nobody answers")
        runner._on_word(front.source, Trouble(""))
        assert front.condition.why == ""
        front.source.cause = "killed by SIGKILL"
        runner._on_death(front.source, "killed by SIGKILL")
        assert front.condition.why == "killed by SIGKILL"
        front.condition.hear("")
        runner._on_word(front.source, Trouble("no again", 3))
        assert runner.news.take() == (
            "front source: nobody answers",
            "front source ended: killed by SIGKILL",
            "front source: no again (and 3 more like it)",
        )
        runner._on_word(front.source, Opened(width=64, height=48, fps=5.0))
        assert front.condition.why == ""


def test_a_program_that_forgets_its_station_leaves_nothing_behind(tmp_path):
    name = f"{NAME}-forgotten"
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL, name, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (1, "forgotten")
    from rushes import list_depots

    assert [each.name for each in list_depots() if each.name.startswith(name)] == []
