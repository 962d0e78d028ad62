"""The streamer's stage, in this process and as one of its own."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from rushes import Receiver
from rushes.depot import Depot
from rushes.errors import FrameError
from rushes.lifecycle import StopToken
from rushes.station.messages import Ready, Sent, Stop, Streamed, StreamerTask
from rushes.station.processes import Child
from rushes.station.streaming import _Streaming
from tests.support.streams import PATIENCE_S, eventually

SHAPE = (90, 80)  # of i420: 80x60


@pytest.fixture
def depots():
    names = [f"test-streaming-{os.getpid()}-{name}" for name in ("a", "b")]
    with (
        Depot.create(names[0], slots=8, shape=SHAPE) as one,
        Depot.create(names[1], slots=8, shape=SHAPE) as two,
    ):
        yield {"a": one, "b": two}


def task(depots, **more):
    places = {name: depot.name for name, depot in depots.items()}
    endpoint = f"ipc://test-streaming-{os.getpid()}"
    told: dict[str, Any] = {
        "name": "streamer",
        "depot": "",
        "parent": os.getpid(),
        "endpoint": endpoint,
        "station": "s",
    }
    return StreamerTask(**told, channels=places, **more)


def put(depot, number):
    with depot.loan() as loan:
        loan.array[:] = number
        loan.publish(number, captured_ns=1000 + number, format="i420", meta={"refused": 7})


class Heard:
    """A link to nobody, that keeps what was said."""

    def __init__(self, room=True):
        self.stop, self.words, self.room = StopToken("the stage"), [], room

    def say(self, word):
        self.words.append(word)
        return self.room

    say_last = say

    def follow(self):
        """Nobody changes what is streamed."""

    def last(self, kind, channel=None):
        found = [each for each in self.words if isinstance(each, kind)]
        return next((each for each in reversed(found) if channel is None or each.channel == channel), None)


class Slow:
    """A streamer with a gate: nothing leaves it while that is closed."""

    def __init__(self):
        self.open, self.frames, self.left, self.fault = threading.Event(), [], 0, None

    def send(self, frame):
        if self.fault is not None:
            raise self.fault
        self.frames.append((frame.track, frame.number))

    def stats(self):
        offered = len(self.frames)
        if self.open.is_set():
            self.left = offered
        told = {"offered": offered, "sent": self.left, "waiting": offered - self.left}
        return SimpleNamespace(**told, dropped={}, bytes=1, peers=1)

    def stop(self):
        self.open.set()


class Running:
    """The stage on a thread."""

    def __init__(self, depots, streamer, **more):
        heard: Any = Heard()
        self.link = heard
        self.failed: RuntimeError | None = None
        self._stage = _Streaming(task(depots, **more), self.link, streamer)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        eventually(lambda: all(self.link.last(Streamed, name) for name in depots), "all have joined")

    def _run(self):
        try:
            self._stage.run()
        except RuntimeError as error:
            self.failed = error

    def end(self):
        self.link.stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        sent, rows = self.link.last(Sent), [self.link.last(Streamed, name) for name in ("a", "b")]
        assert all(each.final for each in (sent, *rows))
        assert sum(row.depot_seen for row in rows) == sent.sent + sum(sent.dropped.values()) + sent.waiting
        return sent


def test_a_channel_that_brings_too_much_costs_the_others_no_turn(depots):
    streamer = Slow()
    running = Running(depots, streamer)
    put(depots["a"], 0)
    for number in range(1, 40):
        put(depots["a"], number)
        eventually(lambda: depots["a"].stats().consumers[0].waiting == 0, "it reads")
        if number == 30:
            put(depots["b"], 0)
    streamer.open.set()
    eventually(lambda: ("a", 39) in streamer.frames and ("b", 0) in streamer.frames, "the newest of each")
    assert len(streamer.frames) < 12, "of what waited, the newest was taken"
    sent = running.end()
    assert set(sent.dropped) == {"full"}


def test_what_came_while_it_was_not_there_is_not_sent(depots):
    for number in range(3):
        put(depots["a"], number)
    streamer = Slow()
    streamer.open.set()
    running = Running(depots, streamer, starts={"a": 0})
    put(depots["a"], 3)
    eventually(lambda: streamer.frames, "it goes on")
    sent = running.end()
    assert streamer.frames == [("a", 3)]
    assert (sent.sent, sent.dropped) == (1, {"stage down": 2})


def test_a_frame_that_cannot_be_sent_is_counted(depots):
    streamer = Slow()
    streamer.open.set()
    streamer.fault = FrameError("no")
    running = Running(depots, streamer)
    put(depots["a"], 0)
    assert running.end().dropped == {"bad": 1}


def test_a_thread_that_fails_is_the_failure_of_the_stage(depots):
    streamer = Slow()
    streamer.fault = RuntimeError("broken")
    running = Running(depots, streamer)
    put(depots["a"], 0)
    eventually(lambda: running.failed is streamer.fault, "it ends")
    for line in running._stage._lines.values():
        line.finish()
    running._stage._newest.close()


def test_counts_are_told_only_with_what_the_depots_counted(depots):
    link: Any = Heard(room=False)
    slow: Any = Slow()
    stage = _Streaming(task(depots), link, slow)
    try:
        eventually(lambda: all(line.begun for line in stage._lines.values()), "all have begun")
        stage._tell()
        assert link.last(Sent) is None
        link.room = True
        stage._tell()
        assert link.last(Sent) is not None
    finally:
        link.stop.set()
        stage.run()


def test_a_stop_before_there_is_a_depot_ends_it():
    link: Any = Heard()
    slow: Any = Slow()
    places = {"a": SimpleNamespace(name="there-is-none")}
    stage = _Streaming(task(places), link, slow)
    link.stop.set()
    stage.run()
    assert link.last(Streamed) == Streamed(
        channel="a", depot_seen=0, depot_missed=0, depot_waiting=0, final=True
    )


def test_its_process_streams_and_its_last_words_add_up(depots):
    child = Child(task(depots))
    words = []
    try:
        eventually(lambda: (words.extend(child.hear()), any(isinstance(w, Ready) for w in words))[1])
        eventually(lambda: (words.extend(child.hear()), sum(isinstance(w, Streamed) for w in words) >= 2)[1])
        with Receiver(f"ipc://test-streaming-{os.getpid()}?track=b&shm=no") as receiver:
            eventually(lambda: receiver.stats().peers)
            frames = receiver.frames()
            done = threading.Event()
            feeding = threading.Thread(target=feed, args=(depots, done))
            feeding.start()
            first: Any = next(frames)
            done.set()
            feeding.join()
        child.tell(Stop())
        assert child.wait(PATIENCE_S), "it ends"
        words.extend(child.hear())
    finally:
        child.close()
    assert (first.channel, first.track, first.format, first.meta) == ("b", "b", "i420", {})
    assert first.captured_ns == 1000 + first.number
    assert first.array.shape == SHAPE
    sent = [word for word in words if isinstance(word, Sent)][-1]
    rows = [word for word in words if isinstance(word, Streamed) and word.final]
    assert sent.final
    assert sum(row.depot_seen for row in rows) == sent.sent + sum(sent.dropped.values())
    assert sent.sent > 0


def feed(depots, done):
    number = 0
    while not done.wait(0.02):
        for depot in depots.values():
            put(depot, number)
        number += 1
