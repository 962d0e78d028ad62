"""A worker's stage, in this process: what goes wrong with a function is told, and where a function is looked for."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

import numpy as np
import pytest

from rushes import Gap, Receiver, Streamer
from rushes.errors import ConfigError
from rushes.lifecycle import StopToken
from rushes.station import working
from rushes.station.messages import Trouble, WorkerTask
from tests.support.streams import PATIENCE_S, eventually

PLACE = f"shm://test-working-{os.getpid()}"


class Heard:
    """A link to nobody, that keeps what was said."""

    def __init__(self) -> None:
        self.stop, self.room = StopToken("the stage"), True
        self.words: list[Any] = []

    def say(self, word: Any) -> bool:
        if self.room:
            self.words.append(word)
        return self.room

    @property
    def troubles(self) -> list[Trouble]:
        return [each for each in self.words if isinstance(each, Trouble)]


@pytest.fixture
def link() -> Any:
    return Heard()


def task(call):
    return WorkerTask(
        name="w", parent=os.getpid(), endpoint=PLACE, track="edges", call=call, timeout_s=30.0, tries=1
    )


def test_what_a_function_does_wrong_is_told_in_one_line(link):
    call = "tests.support.mapreduce_functions:fails_at_3"
    with Streamer(PLACE, ["edges"], mapreduce=True) as streamer, Receiver(PLACE, mapreduce=True) as receiver:
        thread = threading.Thread(target=working.work, args=(task(call), link))
        thread.start()
        for _ in range(5):
            streamer.send(np.zeros((8, 8, 3), np.uint8))
        frames = receiver.frames()
        got = [next(frames) for _ in range(5)]
        assert [each.reason for each in got if isinstance(each, Gap)] == ["error"]
        eventually(lambda: link.troubles, "it is told")
        (told,) = link.troubles
        link.stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert told.text.startswith("frame 3 is given up: ValueError: three is too many (File ")
    assert "mapreduce_functions.py" in told.text
    assert "\n" not in told.text


def test_a_function_that_is_wrong_with_every_frame_is_told_now_and_then(link, monkeypatch):
    log, now = logging.getLogger("rushes.stream"), [1]
    monkeypatch.setattr(working, "SYSTEM", type("Clock", (), {"monotonic_ns": staticmethod(lambda: now[0])}))
    with working._told(link):
        for number in range(4):
            log.error("frame %d is given up: no", number)
        log.warning("frame 4 will be tried again")
        now[0] += 11_000_000_000
        link.room = False
        log.error("frame 5 is given up: no")
        now[0] += 11_000_000_000
        link.room = True
        log.error("frame 6 is given up: no")
    log.error("nobody listens any more")
    assert link.troubles == [
        Trouble("frame 0 is given up: no"),
        Trouble("frame 6 is given up: no", 4),
    ]


def test_a_function_is_looked_for_where_the_station_was_started(link, tmp_path, monkeypatch):
    (tmp_path / "found_here.py").write_text("wrong = 5\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with (
        Streamer(PLACE, ["edges"], mapreduce=True),
        pytest.raises(ConfigError, match=r"found_here:wrong is a int, which cannot be called$"),
    ):
        working.work(task("found_here:wrong"), link)
    link.stop.set()
    eventually(lambda: all(each.name != "stop" for each in threading.enumerate()), "nobody waits for its end")
    assert sys.path[-1] == str(tmp_path), "after everything else, so that it shadows nothing"
